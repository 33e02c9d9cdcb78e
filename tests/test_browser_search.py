"""Where a search leads: what readers ask, and the section that they must reach first.

Needs ``site/`` and a Chromium, as the other tests in a browser do.
"""

import pytest

pytestmark = pytest.mark.browser
pytest_plugins = ["visits"]

# Each query with the sections that may come first, for a term with its entry in the
# glossary. Chapters move and grow, so a place is named by its label alone.
QUERIES = {
    "en": {
        "softmax": "ch-softmax",
        "softmax classification": "ch-softmax",
        "regression": "ch-regression",
        "activation function": "term-activation-function ch-activations",
        "backpropagation": "term-backpropagation ch-backpropagation",
        "learning rate": "term-learning-rate",
        "overfitting": "term-overfitting ch-overfitting",
        "gradient": "term-gradient",
        "vanishing gradient": "activations-saturation term-vanishing-gradient",
        "cross-entropy": "term-cross-entropy softmax-cross-entropy",
        "batch normalization": "ch-batchnorm term-batch-normalization",
        "batch norm": "ch-batchnorm term-batch-normalization",
        "batchnorm": "ch-batchnorm term-batch-normalization",
        "saving and loading": "ch-saving",
        "save a model": "ch-saving saving-two-ways",
        "state_dict": "saving-load-weights saving-two-ways term-state-dict",
        "nn.Module": "ch-build-a-module ch-module",
        "Sequential": "ch-module",
        "gpu": "ch-gpu",
        "confusion matrix": "mnist-confusion term-confusion-matrix",
        "dying relu": "regression-dead",
        "relus become inactive": "regression-dead",
        "saturation": "activations-saturation term-saturation",
        "volatile": "volatile",
        "loss.data[0]": "data-index",
        "safetensors": "saving-safetensors",
        "pickle": "saving-pickle saving-safetensors",
        "sofmax": "ch-softmax",
        "regresion": "ch-regression",
        "lerning rate": "term-learning-rate",
        "glossary": "glossary",
    },
    "zh": {
        "softmax": "ch-softmax",
        "回归": "ch-regression term-regression",
        "激活函数": "term-activation-function ch-activations",
        "反向传播": "term-backpropagation ch-backpropagation",
        "学习率": "term-learning-rate",
        "过拟合": "term-overfitting ch-overfitting",
        "梯度": "term-gradient",
        "梯度消失": "activations-saturation term-vanishing-gradient",
        "交叉熵": "term-cross-entropy softmax-cross-entropy",
        "批标准化": "ch-batchnorm term-batch-normalization",
        "批归一化": "ch-batchnorm term-batch-normalization",
        "批量规范化": "ch-batchnorm term-batch-normalization",
        "保存与加载": "ch-saving",
        "保存模型": "ch-saving saving-two-ways",
        "state_dict": "saving-load-weights saving-two-ways term-state-dict",
        "显卡": "ch-gpu",
        "混淆矩阵": "mnist-confusion term-confusion-matrix",
        "损失函数": "term-loss-function term-loss",
        "代价函数": "term-loss-function term-loss",
        "逻辑回归": "ch-logistic logistic-regression term-logistic-regression",
        "饱和": "activations-saturation term-saturation",
        "dying relu": "regression-dead",
        "随机种子": "term-seed term-random-seed",
        "深层网络": "ch-mnist",
        "旧代码": "ch-old-code",
        "词汇表": "glossary",
        "训练场": "playground",
        "sofmax": "ch-softmax",
        "Sequantial": "ch-module",
        "激活涵数": "term-activation-function ch-activations",
        "volatile": "volatile",
    },
}


def test_the_table_has_sixty_queries():
    assert sum(map(len, QUERIES.values())) >= 60


@pytest.mark.parametrize("language", QUERIES)
def test_what_readers_ask_leads_to_the_place_that_answers(visit, language):
    tab = visit().open(f"{language}/search.html?q=")
    tab.wait_for_function("typeof search === 'object' && search.parts?.length")
    first = tab.evaluate(
        """(queries) => queries.map((query) => search.find(query).slice(0, 3)
             .map(({ anchor }) => anchor))""",
        list(QUERIES[language]),
    )
    lost = [
        (query, found)
        for (query, wanted), found in zip(QUERIES[language].items(), first, strict=True)
        if not found or found[0] not in wanted.split()
    ]
    assert lost == []
