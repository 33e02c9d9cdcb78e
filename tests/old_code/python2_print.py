#!/usr/bin/env python
# -*- coding: utf-8 -*-
# Python 2.7, torch 0.2
import torch
from torch.autograd import Variable

x = Variable(torch.ones(2, 2), requires_grad=True)
print x.size()
y = x + 2
z = y * y * 3
out = z.mean()
out.backward()
print 'dout/dx', x.grad.data[0][0]
total = 0
for i in xrange(4):
    total += i
    print i,
print
try:
    raise ValueError, 'old'
except ValueError, e:
    print 'caught', e
