"""One distillation step in PyTorch, as one writes it by hand: python3 torchPeer.py THREADS [tuned]

Tuned, images have their channels last and Adam is one fused kernel, which people who know PyTorch ask for.
"""

import sys

import torch
import torch.nn.functional as F
from serve import serve
from torch import nn

SAMPLES = 2000
CLASSES = 10
TEMPERATURE = 4
TUNED = "tuned" in sys.argv
LAYOUT = torch.channels_last if TUNED else torch.contiguous_format


def network(layers, shape):
    """The network of bench/cases.ts, with a layer of logits at its end."""
    modules = []
    x = torch.zeros(1, shape[2], shape[0], shape[1])

    def add(module):
        nonlocal x
        modules.append(module.eval())
        x = module(x)

    for layer in layers:
        if layer["kind"] == "dense" and x.dim() == 4:
            add(nn.Flatten())
        add(module_of(layer, x.shape[1]))
        if layer["kind"] in ("dense", "conv") and layer["activation"] == "relu":
            add(nn.ReLU())
    if x.dim() == 4:
        add(nn.Flatten())
    add(nn.Linear(x.shape[1], CLASSES))
    return nn.Sequential(*modules)


def module_of(layer, channels):
    match layer["kind"]:
        case "dense":
            return nn.Linear(channels, layer["units"])
        case "conv" | "depthwise_conv":
            # The same output size and amount of work as padding "same" of TensorFlow.
            return nn.Conv2d(
                channels,
                layer.get("filters", channels),
                layer["kernel"],
                stride=layer["stride"],
                padding=layer["kernel"] // 2,
                groups=channels if layer["kind"] == "depthwise_conv" else 1,
            )
        case "norm":
            return nn.BatchNorm2d(channels, eps=layer["epsilon"], momentum=1 - layer["momentum"])
        case "max_pool":
            return nn.MaxPool2d(layer["size"], layer["stride"])
        case "global_pool":
            return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())
        case "activation":
            return nn.ReLU()


def size_of(model):
    """Weights with the running means and variances of batch normalisation."""
    return sum(
        t.numel() for name, t in model.state_dict().items() if not name.endswith("num_batches_tracked")
    )


def prepare(name, case, mode):
    height, width, channels = case["shape"]
    batch = case["batch"]
    torch.manual_seed(1)
    images = torch.rand(SAMPLES, channels, height, width).to(memory_format=LAYOUT)
    labels = torch.randint(0, CLASSES, (SAMPLES,))
    teacher = network(case["teacher"], case["shape"]).eval().to(memory_format=LAYOUT)
    student = network(case["student"], case["shape"]).train().to(memory_format=LAYOUT)
    optimizer = torch.optim.Adam(student.parameters(), lr=1e-3, fused=TUNED or None)
    order = torch.randperm(SAMPLES)
    position = 0

    def draw():
        nonlocal order, position
        if position + batch > SAMPLES:
            order, position = torch.randperm(SAMPLES), 0
        position += batch
        return order[position - batch : position]

    @torch.inference_mode()
    def ask_teacher(x):
        return teacher(x)

    if mode == "teacher":
        return lambda: ask_teacher(images[draw()]).sum().item(), {"teacher": size_of(teacher)}

    with torch.no_grad():
        kept = teacher(images) if mode == "cached" else None

    def step():
        indices = draw()
        x = images[indices]
        if kept is None:
            with torch.no_grad():
                teacher_logits = teacher(x)
        else:
            teacher_logits = kept[indices]
        logits = student(x)
        hard = F.cross_entropy(logits, labels[indices])
        soft = F.kl_div(
            F.log_softmax(logits / TEMPERATURE, 1),
            F.log_softmax(teacher_logits / TEMPERATURE, 1),
            reduction="batchmean",
            log_target=True,
        )
        loss = 0.5 * hard + 0.5 * TEMPERATURE**2 * soft
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss.item()

    return step, {"teacher": size_of(teacher), "student": size_of(student)}


torch.set_num_threads(int(sys.argv[1]))
serve({"version": f"PyTorch {torch.__version__.split('+')[0]}"}, prepare)
