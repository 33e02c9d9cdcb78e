# a recurrent network that spells, letter by letter, 2017
import torch
import torch.nn as nn
from torch.autograd import Variable

torch.manual_seed(0)
letters = 'hello'
index2char = {0: 'h', 1: 'e', 2: 'l', 3: 'o'}
x = torch.LongTensor([0, 1, 2, 2])
target = Variable(torch.LongTensor([1, 2, 2, 3]))


class RNN(nn.Module):
    def __init__(self):
        super(RNN, self).__init__()
        self.hidden = nn.Linear(4 + 8, 8)
        self.out = nn.Linear(8, 4)
        self.softmax = nn.LogSoftmax(dim=1)

    def forward(self, letter, hidden):
        hidden = self.hidden(torch.cat((letter, hidden), 1)).tanh()
        return self.softmax(self.out(hidden)), hidden


rnn = RNN()
criterion = nn.NLLLoss()
optimizer = torch.optim.Adam(rnn.parameters(), lr=0.05)
one_hot = Variable(torch.eye(4)[x].unsqueeze(1))
for step in range(100):
    hidden = Variable(torch.zeros(1, 8))
    loss = 0
    said = ''
    for i in range(4):
        output, hidden = rnn(one_hot[i], hidden)
        loss += criterion(output, target[i])
        top_v, top_i = output.data.topk(1)
        said += index2char[top_i[0][0]]
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print('says h' + said, 'loss %.2f' % (loss.data[0] / 4))
