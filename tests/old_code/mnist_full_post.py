# -*- coding: utf-8 -*-
"""
用 PyTorch 训练一个全连接网络，识别 MNIST 手写数字
PyTorch 0.3, Python 3.6
"""
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.autograd import Variable
from torch.utils.data import DataLoader
from torchvision import transforms
from torchvision.datasets import mnist

torch.manual_seed(1)

# 超参数
batch_size = 64
learning_rate = 1e-1
num_epoches = 3

data_tf = transforms.Compose(
    [transforms.ToTensor(),
     transforms.Normalize([0.5], [0.5])])   # 减去均值，再除以方差

train_set = mnist.MNIST('./data', train=True, transform=data_tf, download=False)
test_set = mnist.MNIST('./data', train=False, transform=data_tf, download=False)
train_data = DataLoader(train_set, batch_size=batch_size, shuffle=True)
test_data = DataLoader(test_set, batch_size=128, shuffle=False)


class Net(nn.Module):
    def __init__(self, in_dim, n_hidden, out_dim):
        super(Net, self).__init__()
        self.layer1 = nn.Linear(in_dim, n_hidden)
        self.drop = nn.Dropout(0.2)
        self.layer2 = nn.Linear(n_hidden, out_dim)

    def forward(self, x):
        x = x.view(x.size(0), -1)   # 拉平
        x = F.relu(self.layer1(x))
        x = self.layer2(self.drop(x))
        return x


net = Net(28 * 28, 64, 10).cuda()      # 放到 GPU 上
criterion = nn.CrossEntropyLoss().cuda()
optimizer = torch.optim.SGD(net.parameters(), lr=learning_rate)

losses = []
acces = []
eval_losses = []
eval_acces = []

for e in range(num_epoches):
    train_loss = 0
    train_acc = 0
    net.train()
    for im, label in train_data:
        im = Variable(im).cuda()
        label = Variable(label).cuda()
        # 前向传播
        out = net(im)
        loss = criterion(out, label)
        # 反向传播
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        # 记录误差
        train_loss += loss.data[0]
        # 计算分类的准确率
        _, pred = out.max(1)
        num_correct = (pred == label).sum().data[0]
        acc = float(num_correct) / im.shape[0]
        train_acc += acc

    losses.append(train_loss / len(train_data))
    acces.append(train_acc / len(train_data))
    # 在测试集上检验效果
    eval_loss = 0
    eval_acc = 0
    net.eval()  # 将模型改为预测模式
    for im, label in test_data:
        im = Variable(im, volatile=True).cuda()
        label = Variable(label, volatile=True).cuda()
        out = net(im)
        loss = criterion(out, label)
        # 记录误差
        eval_loss += loss.data[0]
        # 记录准确率
        _, pred = F.softmax(out).max(1)
        num_correct = (pred == label).sum().data[0]
        eval_acc += float(num_correct) / im.shape[0]

    eval_losses.append(eval_loss / len(test_data))
    eval_acces.append(eval_acc / len(test_data))
    print('epoch: {}, Train Loss: {:.6f}, Train Acc: {:.6f}, Eval Loss: {:.6f}, Eval Acc: {:.6f}'
          .format(e, train_loss / len(train_data), train_acc / len(train_data),
                  eval_loss / len(test_data), eval_acc / len(test_data)))

# 保存整个模型，再读回来
torch.save(net, 'net.pkl')
net2 = torch.load('net.pkl')
net2.eval()
im, label = test_set[0]
prob = F.softmax(net2(Variable(im.unsqueeze(0)).cuda()))
print('predict: %d, label: %d, sum: %.4f' % (prob.data.max(1)[1][0], label, prob.data.sum()))
