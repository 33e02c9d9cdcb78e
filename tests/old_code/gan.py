import torch
import torch.nn as nn
from torch.autograd import Variable

torch.manual_seed(1)
G = nn.Sequential(nn.Linear(5, 16), nn.ReLU(), nn.Linear(16, 4))
D = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 1), nn.Sigmoid())
if torch.cuda.is_available():
    D = D.cuda()
    G = G.cuda()
criterion = nn.BCELoss()
d_optimizer = torch.optim.Adam(D.parameters(), lr=0.003)
g_optimizer = torch.optim.Adam(G.parameters(), lr=0.003)


def to_var(x):
    if torch.cuda.is_available():
        x = x.cuda()
    return Variable(x)


d_losses = []
for epoch in range(60):
    images = to_var(torch.randn(32, 4) + 3)
    real_labels = to_var(torch.ones(32, 1))
    fake_labels = to_var(torch.zeros(32, 1))
    # ================ train D ================
    z = to_var(torch.randn(32, 5))
    fake_images = G(z)
    d_loss_real = criterion(D(images), real_labels)
    d_loss_fake = criterion(D(fake_images.detach()), fake_labels)
    d_loss = d_loss_real + d_loss_fake
    d_optimizer.zero_grad()
    d_loss.backward()
    d_optimizer.step()
    d_losses.append(d_loss)
    # ================ train G ================
    z = to_var(torch.randn(32, 5))
    g_loss = criterion(D(G(z)), real_labels)
    g_optimizer.zero_grad()
    g_loss.backward()
    g_optimizer.step()
print('Epoch %d, d_loss: %.4f, g_loss: %.4f' % (epoch, d_loss.data[0], g_loss.data[0]))
print('D falls: %s' % bool(d_losses[-1] < d_losses[0]))
