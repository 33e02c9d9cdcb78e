"""The habits of 2017 to 2019 that the tool knows, in the words of both languages.

``says`` is what today's Python, PyTorch, torchvision or NumPy really prints; the tests
run a program for each and compare. The id of a habit is the anchor of its section in
the chapter on old code.
"""

from __future__ import annotations

import dataclasses
from typing import Literal

__all__ = ["HABITS", "REASONS", "Habit", "Level", "Text"]

Level = Literal["stops", "warns", "silent", "spelling", "note"]


@dataclasses.dataclass(frozen=True)
class Text:
    """One statement in both languages."""

    zh: str
    en: str


@dataclasses.dataclass(frozen=True)
class Habit:
    """One old habit and what has become of it.

    Attributes:
        level: ``stops`` raises an error today, ``warns`` still runs with a warning,
            ``silent`` runs and means or costs something else, ``spelling`` does the
            same as before, ``note`` is no habit but something the reader should know.
        says: The beginning of today's message, ``""`` where there is none.
        today: What happens today.
        fix: What to write instead.
    """

    level: Level
    says: str
    today: Text
    fix: Text


HABITS: dict[str, Habit] = {
    "variable": Habit(
        "spelling",
        "",
        Text(
            "Variable 自 0.4 起就是张量：Variable(x) 什么也不包，"
            "只是返回一个不带计算图的张量",
            "a Variable is a tensor since 0.4: Variable(x) wraps nothing and returns a "
            "tensor without a graph",
        ),
        Text(
            "直接用张量；要梯度就写 x.requires_grad_()",
            "use the tensor itself; write x.requires_grad_() where a gradient is "
            "wanted",
        ),
    ),
    "data-index": Habit(
        "stops",
        "IndexError: invalid index of a 0-dim tensor",
        Text(
            "损失现在是零维张量，没有第 0 个元素可取",
            "a loss is a tensor of no dimensions now and has no element 0",
        ),
        Text("用 loss.item() 取出数值", "take the number out with loss.item()"),
    ),
    "volatile": Habit(
        "warns",
        "UserWarning: volatile was removed and now has no effect. "
        "Use `with torch.no_grad():` instead.",
        Text(
            "volatile 不再起作用：计算图照建，内存照占",
            "volatile has no effect: the graph is built and its memory is held",
        ),
        Text(
            "把评估代码放进 with torch.no_grad(): 之中",
            "put the evaluation under with torch.no_grad():",
        ),
    ),
    "functional-sigmoid": Habit(
        "spelling",
        "",
        Text(
            "F.sigmoid 和 F.tanh 照常计算；0.4.1 到 1.13 会警告，2.0 起不再警告",
            "F.sigmoid and F.tanh compute as ever; they warned from 0.4.1 to 1.13 and "
            "do so no more since 2.0",
        ),
        Text("写 torch.sigmoid、torch.tanh", "write torch.sigmoid, torch.tanh"),
    ),
    "softmax-dim": Habit(
        "warns",
        "UserWarning: Implicit dimension choice for softmax has been deprecated. "
        "Change the call to include dim=X as an argument.",
        Text(
            "没有写 dim，PyTorch 只好猜：一维、三维取 0，其他取 1",
            "without dim PyTorch guesses: 0 for one or three dimensions, else 1",
        ),
        Text(
            "写明 dim：一批 (N, C) 的分数用 dim=1",
            "say which: dim=1 for a batch of scores (N, C)",
        ),
    ),
    "load-model": Habit(
        "stops",
        "UnpicklingError: Weights only load failed.",
        Text(
            "自 2.6 起 torch.load 默认只读权重，整个模型读不进来",
            "since 2.6 torch.load reads weights only, and a whole model is refused",
        ),
        Text(
            "保存和读取 state_dict；只有来源可信的文件才加 weights_only=False",
            "save and load the state_dict; add weights_only=False only for a file "
            "whose "
            "origin you trust",
        ),
    ),
    "cuda-call": Habit(
        "stops",
        "RuntimeError: Found no NVIDIA driver on your system.",
        Text(
            "没有 NVIDIA 显卡的机器上，.cuda() 会让程序停下",
            "on a machine without an NVIDIA GPU, .cuda() stops the program",
        ),
        Text(
            "开头选一次 device，处处写 .to(device)",
            "choose a device once at the top and write .to(device) everywhere",
        ),
    ),
    "loss-graph": Habit(
        "silent",
        "",
        Text(
            "留下的是损失张量，它拖着这一步的计算图：backward() 之后只剩节点，"
            "没有 backward() 就连所有中间结果都留着，内存逐步增长",
            "what is kept is the loss tensor and with it the graph of its step: after "
            "backward() the nodes alone, without it every value in between as well, "
            "more with every step",
        ),
        Text("留下数值：loss.item()", "keep the number: loss.item()"),
    ),
    "integer-division": Habit(
        "silent",
        "",
        Text(
            "/ 自 1.7 起总是真除法：整数张量相除得到浮点数，1.5 及以前会取整",
            "/ is true division since 1.7: integer tensors give floats, and gave whole "
            "numbers up to 1.5",
        ),
        Text(
            "要整数就写 //；要负数也向零取整，"
            '用 torch.div(a, b, rounding_mode="trunc")',
            'write // for whole numbers; torch.div(a, b, rounding_mode="trunc") rounds '
            "negative ones towards zero as before",
        ),
    ),
    "float-size": Habit(
        "stops",
        "TypeError: ",
        Text(
            "大小写成了 a / b，在 Python 3 里是浮点数，而层要的是整数",
            "a size written a / b is a float in Python 3, and a layer wants a whole "
            "number",
        ),
        Text("写 a // b", "write a // b"),
    ),
    "missing-eval": Habit(
        "silent",
        "",
        Text(
            "评估时没有调用 model.eval()：Dropout 还在丢弃，BatchNorm "
            "还在用这一批的统计量",
            "nothing calls model.eval() for the evaluation: Dropout still drops and "
            "BatchNorm still uses the statistics of the batch",
        ),
        Text(
            "评估前 model.eval()，回到训练前 model.train()",
            "call model.eval() before evaluating and model.train() before training on",
        ),
    ),
    "super-arguments": Habit(
        "spelling",
        "",
        Text(
            "super(Net, self).__init__() 照常工作；复制后改了类名而忘了这里，就会 "
            "TypeError",
            "super(Net, self).__init__() works as ever; copied under another class "
            "name "
            "it raises a TypeError",
        ),
        Text("写 super().__init__()", "write super().__init__()"),
    ),
    "mnist-module": Habit(
        "spelling",
        "",
        Text(
            "torchvision.datasets.mnist 是一个源文件，不是数据集；mnist.MNIST 还能用，"
            "mnist(...) 不能",
            "torchvision.datasets.mnist is a source file, not the data set; "
            "mnist.MNIST "
            "still works, mnist(...) does not",
        ),
        Text(
            "from torchvision.datasets import MNIST",
            "from torchvision.datasets import MNIST",
        ),
    ),
    "async-argument": Habit(
        "stops",
        "SyntaxError: invalid syntax",
        Text(
            "async 自 Python 3.7 起是关键字，不能作参数名",
            "async is a keyword since Python 3.7 and cannot name an argument",
        ),
        Text("写 non_blocking=True", "write non_blocking=True"),
    ),
    "size-average": Habit(
        "warns",
        "UserWarning: size_average and reduce args will be deprecated, please use "
        "reduction=",
        Text(
            "size_average 和 reduce 仍被理解，但已弃用",
            "size_average and reduce are still understood, but deprecated",
        ),
        Text(
            '写 reduction="mean"、"sum" 或 "none"',
            'write reduction="mean", "sum" or "none"',
        ),
    ),
    "init-underscore": Habit(
        "warns",
        "FutureWarning: `nn.init.xavier_uniform` is now deprecated in favor of "
        "`nn.init.xavier_uniform_`.",
        Text(
            "原地修改的函数如今都以下划线结尾",
            "functions that change their argument end in an underscore now",
        ),
        Text("名字后面加 _", "add _ to the name"),
    ),
    "clip-grad-norm": Habit(
        "warns",
        "FutureWarning: `torch.nn.utils.clip_grad_norm` is now deprecated in favor of "
        "`torch.nn.utils.clip_grad_norm_`.",
        Text(
            "原地修改的函数如今都以下划线结尾",
            "functions that change their argument end in an underscore now",
        ),
        Text("写 clip_grad_norm_", "write clip_grad_norm_"),
    ),
    "iterator-next": Habit(
        "stops",
        "AttributeError: '_SingleProcessDataLoaderIter' object has no attribute 'next'",
        Text(
            "迭代器没有 .next() 方法，那是 Python 2 的写法",
            "an iterator has no method .next(): that was Python 2",
        ),
        Text("写 next(it)", "write next(it)"),
    ),
    "transform-renamed": Habit(
        "stops",
        "AttributeError: module 'torchvision.transforms' has no attribute 'Scale'",
        Text(
            "Scale 和 RandomSizedCrop 已从 torchvision 0.12 中删去",
            "Scale and RandomSizedCrop were taken out of torchvision 0.12",
        ),
        Text(
            "写 Resize、RandomResizedCrop",
            "write Resize, RandomResizedCrop",
        ),
    ),
    "mnist-attributes": Habit(
        "warns",
        "UserWarning: train_data has been renamed data",
        Text(
            "数据集的 train_data、test_labels 等改名为 data 和 targets；CIFAR10 "
            "已没有旧名字",
            "train_data, test_labels and their like are called data and targets; "
            "CIFAR10 "
            "has lost the old names",
        ),
        Text("写 .data、.targets", "write .data, .targets"),
    ),
    "scheduler-order": Habit(
        "warns",
        "UserWarning: Detected call of `lr_scheduler.step()` before "
        "`optimizer.step()`.",
        Text(
            "scheduler.step() 在 optimizer.step() 之前，第一个学习率就被跳过了",
            "scheduler.step() before optimizer.step() skips the first learning rate",
        ),
        Text(
            "把 scheduler.step() 移到每轮的末尾",
            "move scheduler.step() to the end of the epoch",
        ),
    ),
    "scheduler-verbose": Habit(
        "stops",
        "TypeError: StepLR.__init__() got an unexpected keyword argument 'verbose'",
        Text(
            "学习率调度器已没有 verbose 参数",
            "the learning-rate schedulers have no verbose argument any more",
        ),
        Text(
            "去掉它；想看学习率就 print(scheduler.get_last_lr())",
            "leave it out; print(scheduler.get_last_lr()) to see the rate",
        ),
    ),
    "scheduler-get-lr": Habit(
        "warns",
        "UserWarning: To get the last learning rate computed by the scheduler, please "
        "use `get_last_lr()`.",
        Text(
            "get_lr() 在 step() 之外给出的不是当前学习率",
            "outside step(), get_lr() does not give the current learning rate",
        ),
        Text("写 get_last_lr()", "write get_last_lr()"),
    ),
    "retain-variables": Habit(
        "stops",
        "TypeError: Tensor.backward() got an unexpected keyword argument "
        "'retain_variables'",
        Text("这个参数改了名", "the argument has another name"),
        Text("写 retain_graph=True", "write retain_graph=True"),
    ),
    "tensor-dataset": Habit(
        "stops",
        "TypeError: TensorDataset.__init__() got an unexpected keyword argument "
        "'data_tensor'",
        Text(
            "TensorDataset 现在按位置接收任意多个张量",
            "TensorDataset takes any number of tensors by position now",
        ),
        Text("写 TensorDataset(x, y)", "write TensorDataset(x, y)"),
    ),
    "dropout-training": Habit(
        "silent",
        "",
        Text(
            "F.dropout 的 training 默认值在 1.0 由 False 改为 True：从前它什么也不做，"
            "如今在 eval() 之后也照样丢弃",
            "the default of F.dropout's training changed from False to True with "
            "1.0: it "
            "used to do nothing, now it drops even after eval()",
        ),
        Text(
            "写 F.dropout(x, training=self.training)，或用 nn.Dropout",
            "write F.dropout(x, training=self.training), or use nn.Dropout",
        ),
    ),
    "nll-loss-2d": Habit(
        "warns",
        "FutureWarning: `NLLLoss2d` has been deprecated. Please use `NLLLoss` instead",
        Text("NLLLoss 如今也接收图像", "NLLLoss takes images, too, now"),
        Text("写 nn.NLLLoss", "write nn.NLLLoss"),
    ),
    "upsample": Habit(
        "warns",
        "UserWarning: `nn.functional.upsample` is deprecated. Use "
        "`nn.functional.interpolate` instead.",
        Text("函数改了名，参数不变", "the function has another name, same arguments"),
        Text("写 F.interpolate", "write F.interpolate"),
    ),
    "pretrained-argument": Habit(
        "warns",
        "UserWarning: The parameter 'pretrained' is deprecated since 0.13",
        Text(
            "torchvision 0.13 起用 weights 说明要哪一份权重",
            "since torchvision 0.13, weights says which parameters are wanted",
        ),
        Text(
            '写 weights="IMAGENET1K_V1" 或 weights=None',
            'write weights="IMAGENET1K_V1" or weights=None',
        ),
    ),
    "legacy-function": Habit(
        "stops",
        "RuntimeError: Legacy autograd function with non-static forward method is "
        "deprecated.",
        Text(
            "自定义的 autograd.Function 须用静态方法",
            "an autograd.Function of one's own must have static methods",
        ),
        Text(
            "forward(ctx, ...) 和 backward(ctx, ...) 加 @staticmethod，调用时写 "
            "MyFunction.apply(x)",
            "give forward(ctx, ...) and backward(ctx, ...) a @staticmethod and call "
            "MyFunction.apply(x)",
        ),
    ),
    "removed-name": Habit(
        "stops",
        "AttributeError: module 'torch' has no attribute 'gels'",
        Text("{name} 今天已不能用", "{name} cannot be used today"),
        Text("改用 {instead}", "use {instead}"),
    ),
    "byte-mask": Habit(
        "stops",
        "RuntimeError: masked_fill_ only supports boolean masks, but got mask with "
        "dtype unsigned char",
        Text(
            "掩码必须是布尔张量，不能再是 uint8",
            "a mask must be a boolean tensor, no longer one of uint8",
        ),
        Text("写 .bool()", "write .bool()"),
    ),
    "bool-minus": Habit(
        "stops",
        "NotImplementedError: Subtraction, the `-` operator, with a bool tensor is not "
        "supported.",
        Text(
            "比较的结果自 1.2 起是布尔张量，不能用 1 去减",
            "a comparison gives a boolean tensor since 1.2, which cannot be subtracted "
            "from 1",
        ),
        Text(
            "取反写 ~mask；要数值就写 1 - mask.float()",
            "write ~mask for the opposite, 1 - mask.float() for numbers",
        ),
    ),
    "numpy-alias": Habit(
        "stops",
        "AttributeError: module 'numpy' has no attribute 'float'.",
        Text(
            "np.float、np.int 等只是 Python 类型的别名，NumPy 1.24 删去了它们",
            "np.float, np.int and their like were mere names for Python's types and "
            "left "
            "with NumPy 1.24",
        ),
        Text("写 float、int……", "write float, int ..."),
    ),
    "tensor-range": Habit(
        "warns",
        "UserWarning: torch.range is deprecated and will be removed in a future "
        "release",
        Text(
            "torch.range 包含终点，与 Python 的 range 不同",
            "torch.range includes its end, unlike Python's range",
        ),
        Text(
            "用 torch.arange，它不含终点",
            "use torch.arange, which leaves the end out",
        ),
    ),
    "normalize-channels": Habit(
        "stops",
        "RuntimeError: output with shape [1, 28, 28] doesn't match the broadcast shape "
        "[3, 28, 28]",
        Text(
            "灰度图只有一个通道，而 Normalize 给了三个均值和标准差",
            "a gray image has one channel, and Normalize was given three means and "
            "standard deviations",
        ),
        Text(
            "写 Normalize((0.5,), (0.5,))；第二个参数是标准差",
            "write Normalize((0.5,), (0.5,)); the second argument is the standard "
            "deviation",
        ),
    ),
    "class-target": Habit(
        "stops",
        "ValueError: Expected input batch_size (1) to match target batch_size (0).",
        Text(
            "target[i] 现在是零维张量，而损失函数要的是一批类别",
            "target[i] is a tensor of no dimensions now, and the loss wants a batch of "
            "classes",
        ),
        Text(
            "写 torch.atleast_1d(target[i])，或 target[i : i + 1]",
            "write torch.atleast_1d(target[i]) or target[i : i + 1]",
        ),
    ),
    "bce-shape": Habit(
        "stops",
        "ValueError: Using a target size (torch.Size([4])) that is different to the "
        "input size (torch.Size([4, 1])) is deprecated.",
        Text(
            "BCELoss 不再接受形状不同的输出 (N, 1) 和标签 (N,)",
            "BCELoss no longer takes outputs (N, 1) with targets (N,)",
        ),
        Text(
            "让形状一样：target.view_as(output)",
            "give both one shape: target.view_as(output)",
        ),
    ),
    "arange-integer": Habit(
        "stops",
        "RuntimeError: Only Tensors of floating point and complex dtype can require "
        "gradients",
        Text(
            "torch.arange(3) 从前是浮点数，0.4.1 起是整数",
            "torch.arange(3) gave floats, and gives integers since 0.4.1",
        ),
        Text("写 torch.arange(3).float()", "write torch.arange(3).float()"),
    ),
    "tensor-key": Habit(
        "stops",
        "KeyError: tensor(2)",
        Text(
            "张量的一个元素从前是 Python 的数，如今是零维张量，字典里找不到",
            "an element of a tensor was a Python number and is a tensor of no "
            "dimensions now, which no dictionary finds",
        ),
        Text("写 words[index.item()]", "write words[index.item()]"),
    ),
    "array-to-number": Habit(
        "stops",
        "TypeError: only 0-dimensional arrays can be converted to Python scalars",
        Text(
            "NumPy 2.4 起，一个元素的数组不再当作数",
            "since NumPy 2.4 an array of one element does not pass for a number",
        ),
        Text("用 .item() 取出数值", "take the number out with .item()"),
    ),
    "step-between": Habit(
        "stops",
        "RuntimeError: one of the variables needed for gradient computation has been "
        "modified by an inplace operation",
        Text(
            "第一次 backward() 之后优化器改了权重，第二次 backward() 还要用旧的权重",
            "after the first backward() an optimizer has changed weights that the "
            "second one still needs",
        ),
        Text(
            "step() 之后重新计算第二个损失，再对它调用 backward()",
            "compute the second loss again after step(), then call its backward()",
        ),
    ),
    "no-grad-data": Habit(
        "silent",
        "",
        Text(
            "torch.no_grad() 里只有搬运数据的几行，前向传播在外面，计算图照建",
            "only the lines that move the data are under torch.no_grad(); the forward "
            "pass is outside and builds its graph",
        ),
        Text(
            "把 model(x) 也放进 with torch.no_grad(): 之中",
            "put model(x) under with torch.no_grad():, too",
        ),
    ),
    "tsne-iterations": Habit(
        "stops",
        "TypeError: TSNE.__init__() got an unexpected keyword argument 'n_iter'",
        Text(
            "scikit-learn 1.5 把参数 n_iter 改名为 max_iter",
            "scikit-learn 1.5 renamed the argument n_iter to max_iter",
        ),
        Text("写 max_iter", "write max_iter"),
    ),
    "pillow-name": Habit(
        "stops",
        "AttributeError: module 'PIL.Image' has no attribute 'ANTIALIAS'",
        Text("Pillow 10 删去了 ANTIALIAS", "Pillow 10 took ANTIALIAS out"),
        Text("写 Image.LANCZOS", "write Image.LANCZOS"),
    ),
    "add-number": Habit(
        "warns",
        "UserWarning: This overload of add_ is deprecated",
        Text(
            "乘在第二个张量前的数如今叫 alpha，写在后面",
            "the factor of the second tensor is called alpha now and comes last",
        ),
        Text("写 x.add_(y, alpha=2)", "write x.add_(y, alpha=2)"),
    ),
    "require-grad": Habit(
        "silent",
        "",
        Text(
            "属性叫 requires_grad；拼错了只是多了一个没人看的属性，梯度照算",
            "the attribute is called requires_grad; misspelled, it is an attribute "
            "that nobody reads, and the gradient is computed all the same",
        ),
        Text("写 requires_grad", "write requires_grad"),
    ),
    "later-name": Habit(
        "warns",
        "UserWarning: torch.chain_matmul is deprecated",
        Text("{name} 已弃用", "{name} is deprecated"),
        Text("改用 {instead}", "use {instead}"),
    ),
    "quiet-name": Habit(
        "spelling",
        "",
        Text(
            "{name} 照常工作，但有了后继者",
            "{name} works as ever, but has a successor",
        ),
        Text("改用 {instead}", "use {instead}"),
    ),
    "python-2": Habit(
        "stops",
        "SyntaxError: Missing parentheses in call to 'print'. Did you mean print(...)?",
        Text("这是 Python 2", "this is Python 2"),
        Text(
            "写成 Python 3；还要看一看除法：3 / 2 从前是 1，如今是 1.5",
            "write Python 3, and look at the divisions: 3 / 2 was 1 and is 1.5 now",
        ),
    ),
    "full-width": Habit(
        "stops",
        "SyntaxError: invalid character '，' (U+FF0C)",
        Text(
            "代码里有全角标点或特殊空白：{char}（{code}）",
            "full-width punctuation or odd white space in the code: {char} ({code})",
        ),
        Text("换成半角 {plain}", "replace it with {plain}"),
    ),
    "encoding": Habit(
        "stops",
        "SyntaxError: Non-UTF-8 code starting with",
        Text(
            "文件是 GBK 编码又没有声明，Python 3 按 UTF-8 读",
            "the file is in GBK without saying so, and Python 3 reads UTF-8",
        ),
        Text(
            "另存为 UTF-8，或在首行写 # -*- coding: gbk -*-",
            "save it as UTF-8, or begin it with # -*- coding: gbk -*-",
        ),
    ),
    "ipython-magic": Habit(
        "stops",
        "SyntaxError: invalid syntax",
        Text(
            "这一行是 IPython 的命令，.py 文件里不能用",
            "this line is a command of IPython and cannot stand in a .py file",
        ),
        Text("删去它，或在笔记本里运行", "delete it, or run it in a notebook"),
    ),
    "syntax": Habit(
        "stops",
        "SyntaxError",
        Text("Python 读不懂：{message}", "Python cannot read this: {message}"),
        Text("先改正这里，其余才看得到", "fix this first: what follows is not seen"),
    ),
    "not-read": Habit(
        "note",
        "",
        Text("没有看这一段：{message}", "not looked at: {message}"),
        Text("", ""),
    ),
}

# Why a line is left to the reader.
REASONS: dict[str, Text] = {
    "argument-unclear": Text(
        "参数的值要到运行时才知道",
        "the value of the argument is known only when the program runs",
    ),
    "choose": Text("只有你知道要的是哪一种", "only you know which one is meant"),
    "comment-inside": Text(
        "改写会丢掉中间的注释",
        "rewriting would lose the comment in between",
    ),
    "cuts-graph": Text(
        "里面的值来自网络：Variable(...) 今天切断它的梯度，去掉就不再切断；"
        "只有你知道要哪一种",
        "the value comes out of a network: Variable(...) cuts its gradient today, "
        "without "
        "it the gradient flows; only you know which is meant",
    ),
    "does-not-parse": Text(
        "别处还有读不懂的地方，改了也不能确定对不对",
        "other places cannot be read either, so nobody could check the result",
    ),
    "dimensions-unknown": Text(
        "看不出输入有几维",
        "how many dimensions the input has cannot be seen here",
    ),
    "evaluation-unclear": Text(
        "看不出评估从哪里到哪里，或其中还有 backward()",
        "where the evaluation begins and ends cannot be seen, or a backward() is in it",
    ),
    "gpu-chosen": Text(
        "这里点名要某一块显卡",
        "a certain GPU is asked for by name",
    ),
    "imported-by-name": Text(
        "函数是按名字导入的，导入那一行也要改",
        "the function is imported by name, and that line would have to change, too",
    ),
    "name-taken": Text(
        "名字 {name} 在程序里另有所指",
        "the program uses the name {name} for something else",
    ),
    "not-one-number": Text(
        "看不出它只有一个元素",
        "that it holds one number cannot be seen here",
    ),
    "only-statement": Text(
        "这一段里只有这一行",
        "the line is the only one in its block",
    ),
    "order": Text(
        "移动语句要看整个循环，请你来决定",
        "moving a statement needs a look at the whole loop: yours to decide",
    ),
    "origin-unknown": Text(
        "这个文件不是本程序保存的；pickle 可以执行任意代码，是否信任它由你决定",
        "this program did not save the file; a pickle can run any code, and whether to "
        "trust it is yours to decide",
    ),
    "punctuation-unclear": Text(
        "它可以代表不止一种符号",
        "it could stand for more than one sign",
    ),
    "structure": Text(
        "要改的不止这一行",
        "more than this line has to change",
    ),
    "used-as-tensor": Text(
        "后面还把它当张量用，或看不出怎么用",
        "it is used as a tensor later, or its use cannot be seen",
    ),
    "your-file": Text(
        "编码由你来定，本工具不改",
        "the encoding of a file is yours to choose, the tool keeps it",
    ),
}
