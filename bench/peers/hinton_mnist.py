"""The experiment of examples/hinton-mnist.distill.yaml, written by hand in PyTorch, with one seed.

python3 hinton_mnist.py FOLDER [--teacher-epochs 12] [--student-epochs 20] [--seed 1] [--keep-outputs]

FOLDER holds the four files of MNIST. Prints the test errors and seconds of teacher, student and scratch as JSON.
"""

import argparse
import gzip
import json
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

VALIDATION = 5000
BATCH = 128
RATE = 0.001
SHIFT = 2
TEMPERATURE = 20
SOFT_WEIGHT = 0.9


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--teacher-epochs", type=int, default=12)
    parser.add_argument("--student-epochs", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep-outputs", action="store_true", help="ask the teacher once about every image")
    options = parser.parse_args()

    torch.manual_seed(options.seed)
    images, labels = read(options.folder, "train")
    test_images, test_labels = read(options.folder, "t10k")
    order = torch.randperm(len(images))
    validation = images[order[:VALIDATION]], labels[order[:VALIDATION]]
    images, labels = images[order[VALIDATION:]], labels[order[VALIDATION:]]
    result = {"version": f"PyTorch {torch.__version__.split('+')[0]}", "threads": torch.get_num_threads()}

    def run(role, model, epochs, loss_of, draw):
        start = time.perf_counter()
        train(model, len(images), epochs, loss_of, draw, validation)
        seconds = time.perf_counter() - start
        result[role] = {"errors": errors(model, test_images, test_labels), "seconds": round(seconds, 2)}

    teacher = perceptron(1200, 0.2, 0.5)
    padded = F.pad(images, (SHIFT,) * 4)
    run(
        "teacher",
        teacher,
        options.teacher_epochs,
        lambda logits, x, indices: F.cross_entropy(logits, labels[indices]),
        lambda indices: shifted(padded, indices),
    )
    del padded

    student = perceptron(800)
    scratch = perceptron(800)
    scratch.load_state_dict(student.state_dict())
    with torch.no_grad():
        kept = torch.cat([teacher(part) for part in images.split(1000)]) if options.keep_outputs else None

    def distillation(logits, x, indices):
        with torch.no_grad():
            teacher_logits = teacher(x) if kept is None else kept[indices]
        soft = F.kl_div(
            F.log_softmax(logits / TEMPERATURE, 1),
            F.log_softmax(teacher_logits / TEMPERATURE, 1),
            reduction="batchmean",
            log_target=True,
        )
        hard = F.cross_entropy(logits, labels[indices])
        return SOFT_WEIGHT * TEMPERATURE**2 * soft + (1 - SOFT_WEIGHT) * hard

    run("student", student, options.student_epochs, distillation, lambda indices: images[indices])
    run(
        "scratch",
        scratch,
        options.student_epochs,
        lambda logits, x, indices: F.cross_entropy(logits, labels[indices]),
        lambda indices: images[indices],
    )
    print(json.dumps(result))


def train(model, count, epochs, loss_of, draw, validation):
    """Whole batches in a new order every epoch, Adam with a rate that falls in a straight line to 0."""
    optimizer = torch.optim.Adam(model.parameters(), lr=RATE)
    steps = epochs * (count // BATCH)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1 - step / steps)
    for _ in range(epochs):
        model.train()
        for indices in torch.randperm(count)[: count // BATCH * BATCH].split(BATCH):
            x = draw(indices)
            loss = loss_of(model(x), x, indices)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
        errors(model, *validation)


def perceptron(width, input_dropout=0.0, hidden_dropout=0.0):
    """784-width-width-10 with ReLU; He's first weights, Glorot's for the logits, biases 0."""
    model = nn.Sequential(
        nn.Flatten(),
        *dropout(input_dropout),
        nn.Linear(784, width),
        nn.ReLU(),
        *dropout(hidden_dropout),
        nn.Linear(width, width),
        nn.ReLU(),
        *dropout(hidden_dropout),
        nn.Linear(width, 10),
    )
    linear = [module for module in model if isinstance(module, nn.Linear)]
    for module in linear:
        nn.init.zeros_(module.bias)
        nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
    nn.init.xavier_uniform_(linear[-1].weight)
    return model


def dropout(rate):
    return [nn.Dropout(rate)] if rate > 0 else []


def shifted(padded, indices):
    """Every image moved by up to SHIFT pixels to each side; what comes in is black."""
    rows = torch.arange(28) + torch.randint(0, 2 * SHIFT + 1, (len(indices), 1))
    columns = torch.arange(28) + torch.randint(0, 2 * SHIFT + 1, (len(indices), 1))
    return padded[indices[:, None, None], rows[:, :, None], columns[:, None, :]]


@torch.no_grad()
def errors(model, images, labels):
    """Leaves the model in evaluation mode."""
    model.eval()
    return sum(int((model(x).argmax(1) != y).sum()) for x, y in zip(images.split(1000), labels.split(1000)))


def read(folder, part):
    images = idx(folder, f"{part}-images", 16).reshape(-1, 28, 28)
    labels = idx(folder, f"{part}-labels", 8)
    return torch.from_numpy(images.astype(np.float32) / 255), torch.from_numpy(labels.astype(np.int64))


def idx(folder, beginning, header):
    file = next(folder.glob(f"{beginning}*"))
    data = file.read_bytes()
    return np.frombuffer(gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data, np.uint8, offset=header)


main()
