# an autograd function of one's own, and gradient descent by hand, 2017
import torch
from torch.autograd import Variable


class MyReLU(torch.autograd.Function):
    def forward(self, input):
        self.save_for_backward(input)
        return input.clamp(min=0)

    def backward(self, grad_output):
        input, = self.saved_tensors
        grad_input = grad_output.clone()
        grad_input[input < 0] = 0
        return grad_input


x = Variable(torch.linspace(-1, 1, 20).view(20, 1))
y = Variable(x.data * 2 + 1)
w = Variable(torch.ones(1, 1), requires_grad=True)
steps = Variable(torch.arange(0, 3), requires_grad=True)
steps.sum().backward()
for t in range(200):
    relu = MyReLU()
    y_pred = relu(x.mm(w) + 1)
    loss = (y_pred - y).pow(2).sum()
    loss.backward()
    w.data.add_(-0.01, w.grad.data)
    w.grad.data.zero_()
print('w = %.2f' % w.data.numpy())
print('slopes', steps.grad.data.numpy())
