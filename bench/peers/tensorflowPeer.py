"""One distillation step in Python TensorFlow, as one writes it by hand: python3 tensorflowPeer.py eager|graph"""

import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np
import tensorflow as tf
from serve import serve
from tensorflow import keras

SAMPLES = 2000
CLASSES = 10
TEMPERATURE = 4


def network(layers, shape):
    """The network of bench/cases.ts, with a layer of logits at its end."""
    images = x = keras.Input(shape)
    for layer in layers:
        if layer["kind"] == "dense" and len(x.shape) == 4:
            x = keras.layers.Flatten()(x)
        x = layer_of(layer)(x)
    if len(x.shape) == 4:
        x = keras.layers.Flatten()(x)
    return keras.Model(images, keras.layers.Dense(CLASSES)(x))


def layer_of(layer):
    match layer["kind"]:
        case "dense":
            return keras.layers.Dense(layer["units"], layer["activation"])
        case "conv":
            return keras.layers.Conv2D(
                layer["filters"],
                layer["kernel"],
                layer["stride"],
                layer["padding"],
                activation=layer["activation"],
            )
        case "depthwise_conv":
            return keras.layers.DepthwiseConv2D(layer["kernel"], layer["stride"], layer["padding"])
        case "norm":
            return keras.layers.BatchNormalization(momentum=layer["momentum"], epsilon=layer["epsilon"])
        case "max_pool":
            return keras.layers.MaxPooling2D(layer["size"], layer["stride"])
        case "global_pool":
            return keras.layers.GlobalAveragePooling2D()
        case "activation":
            return keras.layers.Activation(layer["activation"])


def prepare(name, case, mode):
    batch = case["batch"]
    random = np.random.default_rng(1)
    images = tf.constant(random.random((SAMPLES, *case["shape"]), dtype=np.float32))
    labels = tf.constant(random.integers(0, CLASSES, SAMPLES))
    teacher = network(case["teacher"], case["shape"])
    student = network(case["student"], case["shape"])
    optimizer = keras.optimizers.Adam(1e-3)
    optimizer.build(student.trainable_variables)
    order = random.permutation(SAMPLES)
    position = 0

    def draw():
        nonlocal order, position
        if position + batch > SAMPLES:
            order, position = random.permutation(SAMPLES), 0
        position += batch
        return tf.constant(order[position - batch : position])

    @compiled
    def ask_teacher(indices):
        return tf.reduce_sum(teacher(tf.gather(images, indices), training=False))

    if mode == "teacher":
        return lambda: float(ask_teacher(draw())), {"teacher": teacher.count_params()}

    kept = tf.constant(teacher.predict(images, verbose=0)) if mode == "cached" else None

    @compiled
    def step(indices):
        x = tf.gather(images, indices)
        teacher_logits = teacher(x, training=False) if kept is None else tf.gather(kept, indices)
        with tf.GradientTape() as tape:
            logits = student(x, training=True)
            hard = tf.reduce_mean(
                tf.nn.sparse_softmax_cross_entropy_with_logits(tf.gather(labels, indices), logits)
            )
            log_teacher = tf.nn.log_softmax(teacher_logits / TEMPERATURE)
            log_student = tf.nn.log_softmax(logits / TEMPERATURE)
            soft = tf.reduce_mean(tf.reduce_sum(tf.exp(log_teacher) * (log_teacher - log_student), -1))
            loss = 0.5 * hard + 0.5 * TEMPERATURE**2 * soft
        variables = student.trainable_variables
        optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables))
        return loss

    return lambda: float(step(draw())), {"teacher": teacher.count_params(), "student": student.count_params()}


compiled = tf.function if sys.argv[1] == "graph" else (lambda function: function)
serve({"version": f"TensorFlow {tf.__version__}"}, prepare)
