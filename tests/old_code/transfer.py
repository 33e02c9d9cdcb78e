import torch
import torch.nn as nn
from torch.autograd import Variable
from torchvision import models, transforms
from PIL import Image

torch.manual_seed(0)
tf = transforms.Compose([
    transforms.Scale(40),
    transforms.RandomSizedCrop(32),
    transforms.ToTensor(),
])
model = models.squeezenet1_1(pretrained=False)
for param in model.parameters():
    param.requires_grad = False
classifier = nn.Sequential(nn.Linear(1000, 2), nn.LogSoftmax())
img = tf(Image.new('RGB', (64, 48), (200, 30, 30)))
model.eval()
out = classifier(model(Variable(img.unsqueeze(0), volatile=True)))
mask = (out.data > -100).byte()
print('shape: %s' % (tuple(out.size()),))
print('sum: %.3f' % out.data.masked_fill(mask.byte(), 0).exp().sum())
