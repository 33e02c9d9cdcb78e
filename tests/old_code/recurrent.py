import torch
from torch import nn, optim
from torch.autograd import Variable
from torch.nn.init import xavier_normal, orthogonal
from torch.nn.utils import clip_grad_norm
from torch.optim.lr_scheduler import StepLR

torch.manual_seed(3)


class Rnn(nn.Module):
    def __init__(self):
        super(Rnn, self).__init__()
        self.rnn = nn.RNN(1, 16, 1, batch_first=True)
        self.out = nn.Linear(16, 1)
        xavier_normal(self.out.weight)
        orthogonal(self.rnn.weight_hh_l0)

    def forward(self, x, h_state):
        r_out, h_state = self.rnn(x, h_state)
        return self.out(r_out), h_state


rnn = Rnn()
optimizer = optim.Adam(rnn.parameters(), lr=0.02)
scheduler = StepLR(optimizer, step_size=50, gamma=0.5, verbose=True)
loss_func = nn.MSELoss()
h_state = None
for step in range(100):
    steps = torch.linspace(step * 3.14159, (step + 1) * 3.14159, 10)
    x = Variable(torch.sin(steps).view(1, 10, 1))
    y = Variable(torch.cos(steps).view(1, 10, 1))
    prediction, h_state = rnn(x, h_state)
    h_state = Variable(h_state.data)        # repack the hidden state, break the connection
    loss = loss_func(prediction, y)
    optimizer.zero_grad()
    loss.backward()
    clip_grad_norm(rnn.parameters(), 1.)
    optimizer.step()
    scheduler.step()
print('lr: %.3f' % scheduler.get_lr()[0])
print('fits: %s' % (loss.data[0] < 0.05))
