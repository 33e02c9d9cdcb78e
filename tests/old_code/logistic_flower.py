import numpy as np
import torch
from torch import nn
from torch.autograd import Variable
import torch.nn.functional as F

np.random.seed(1)
m = 100 # 样本数量
x = np.random.randn(m, 2).astype('float32')
y = (x[:, :1] * x[:, 1:] > 0).astype('float32')
x = torch.from_numpy(x)
y = torch.from_numpy(y)

torch.manual_seed(1)
w1 = nn.Parameter(torch.randn(2, 8) * 0.5)
b1 = nn.Parameter(torch.zeros(8))
w2 = nn.Parameter(torch.randn(8, 1) * 0.5)
b2 = nn.Parameter(torch.zeros(1))


def two_network(x):
    x1 = torch.mm(x, w1) + b1
    x1 = F.tanh(x1) # 使用 PyTorch 自带的 tanh 激活函数
    x2 = torch.mm(x1, w2) + b2
    return x2


optimizer = torch.optim.SGD([w1, w2, b1, b2], 1.)
criterion = nn.BCEWithLogitsLoss()
total_loss = 0.
for e in range(500):
    out = two_network(Variable(x))
    loss = criterion(out, Variable(y))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    total_loss += loss
    if (e + 1) % 100 == 0:
        print('epoch: {}, loss: {}'.format(e+1, loss.data[0]))

prob = F.sigmoid(two_network(Variable(x, volatile=True)))
mask = (prob.data.numpy() > 0.5) * 1
print('accuracy: %.2f' % (mask == y.numpy()).mean())
print('mean loss: {:.1f}'.format(total_loss / 500))
