# 从博客复制的代码，标点被换成了全角
import torch
import torch.nn as nn

torch.manual_seed（0）
net = nn.Sequential(nn.Linear(4，8), nn.ReLU()，nn.Linear(8, 2))
x = torch.ones(3, 4)
print(“输出的形状，是：”， tuple(net(x).size()))　
if x.sum() > 0：
    print('参数个数（权重和偏置）：', sum(p.numel() for p in net.parameters()))
