# a GAN on digits, 2017: images as if they had three colors, labels of shape (N,)
import torch
import torch.nn as nn
from torch.autograd import Variable
from torchvision import datasets, transforms

torch.manual_seed(0)
transform = transforms.Compose([
    transforms.ToTensor(),
    transforms.Normalize(mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))])
digits = datasets.MNIST(root='./data', train=True, transform=transform, download=False)
loader = torch.utils.data.DataLoader(dataset=digits, batch_size=64, shuffle=True)

D = nn.Sequential(nn.Linear(784, 64), nn.LeakyReLU(0.2), nn.Linear(64, 1), nn.Sigmoid())
G = nn.Sequential(nn.Linear(16, 64), nn.ReLU(), nn.Linear(64, 784), nn.Tanh())
criterion = nn.BCELoss()
d_optimizer = torch.optim.Adam(D.parameters(), lr=0.001)

total = 0
for images, _ in loader:
    batch_size = images.size(0)
    images = Variable(images.view(batch_size, -1))
    real_labels = Variable(torch.ones(batch_size))
    fake_labels = Variable(torch.zeros(batch_size))
    outputs = D(images)
    d_loss = criterion(outputs, real_labels)
    fake = G(Variable(torch.randn(batch_size, 16)))
    outputs = D(fake)
    d_loss = d_loss + criterion(outputs, fake_labels)
    D.zero_grad()
    d_loss.backward()
    d_optimizer.step()
    total += d_loss.data
print('range %.0f to %.0f' % (images.data.min(), images.data.max()))
print('D learns: %s' % (total[0] / len(loader) < 1.2))
