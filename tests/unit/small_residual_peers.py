"""Small residual networks as others write them: names, biases, paddings and all."""

import numpy as np

SIZES = {"blocks": (2, 1, 1, 1), "filters": 4}


def keras_peer(filters=4, blocks=(2, 1, 1, 1)):
    """Return a network with the layers of Keras's ResNet-50: biases, and its own addition to variances."""
    import keras
    from keras import layers

    def normalized(x, name):
        return layers.BatchNormalization(epsilon=1.001e-5, name=f"{name}_bn")(x)

    entering = keras.Input((None, None, 3))
    x = layers.Conv2D(filters, 7, strides=2, name="conv1_conv")(layers.ZeroPadding2D(3)(entering))
    x = layers.ZeroPadding2D(1)(layers.ReLU()(normalized(x, "conv1")))
    x = layers.MaxPooling2D(3, 2)(x)
    for stage, count in enumerate(blocks, 2):
        width = filters * 2 ** (stage - 2)
        for block in range(1, count + 1):
            name, stride = f"conv{stage}_block{block}", 2 if stage > 2 and block == 1 else 1
            shortcut = x
            if block == 1:
                shortcut = normalized(layers.Conv2D(4 * width, 1, strides=stride, name=f"{name}_0_conv")(x),
                                      f"{name}_0")
            x = layers.ReLU()(normalized(layers.Conv2D(width, 1, strides=stride, name=f"{name}_1_conv")(x),
                                         f"{name}_1"))
            x = layers.ReLU()(normalized(layers.Conv2D(width, 3, padding="same", name=f"{name}_2_conv")(x),
                                         f"{name}_2"))
            x = normalized(layers.Conv2D(4 * width, 1, name=f"{name}_3_conv")(x), f"{name}_3")
            x = layers.ReLU()(layers.Add()([shortcut, x]))
    model = keras.Model(entering, layers.Dense(5, name="predictions")(layers.GlobalAveragePooling2D(name="pool")(x)))
    rng = np.random.default_rng(3)
    for layer in model.layers:
        for variable in layer.weights:
            if variable.name != "kernel":
                variable.assign(rng.uniform(0.5, 1.5, variable.shape))
    return model


def torch_peer(filters=4, blocks=(2, 1, 1, 1), of_pytorch=False):
    """Return a network with the names of the VGGFace2 SE-ResNet-50 in PyTorch, or of PyTorch's own ResNet-50."""
    import torch
    from torch import nn
    from torch.nn import functional

    class Block(nn.Module):
        def __init__(self, entering, width, stride, widens):
            super().__init__()
            wide = 4 * width
            strides = (1, stride) if of_pytorch else (stride, 1)
            self.conv1, self.bn1 = nn.Conv2d(entering, width, 1, strides[0], bias=False), nn.BatchNorm2d(width)
            self.conv2, self.bn2 = nn.Conv2d(width, width, 3, strides[1], 1, bias=False), nn.BatchNorm2d(width)
            self.conv3, self.bn3 = nn.Conv2d(width, wide, 1, bias=False), nn.BatchNorm2d(wide)
            if not of_pytorch:
                self.conv4, self.conv5 = nn.Conv2d(wide, wide // 16, 1), nn.Conv2d(wide // 16, wide, 1)
            if widens:
                self.downsample = nn.Sequential(nn.Conv2d(entering, wide, 1, stride, bias=False), nn.BatchNorm2d(wide))

        def forward(self, x):
            out = functional.relu(self.bn1(self.conv1(x)))
            out = self.bn3(self.conv3(functional.relu(self.bn2(self.conv2(out)))))
            if not of_pytorch:
                out = out * torch.sigmoid(self.conv5(functional.relu(self.conv4(out.mean((2, 3), keepdim=True)))))
            return functional.relu(out + (self.downsample(x) if hasattr(self, "downsample") else x))

    class Peer(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv1, self.bn1 = nn.Conv2d(3, filters, 7, 2, 3, bias=False), nn.BatchNorm2d(filters)
            entering = filters
            for stage, count in enumerate(blocks, 1):
                width, made = filters * 2 ** (stage - 1), []
                for block in range(count):
                    made.append(Block(entering, width, 2 if stage > 1 and block == 0 else 1, block == 0))
                    entering = 4 * width
                setattr(self, f"layer{stage}", nn.Sequential(*made))
            self.fc = nn.Linear(entering, 5)

        def forward(self, x):
            x = functional.relu(self.bn1(self.conv1(x)))
            x = functional.max_pool2d(x, 3, 2, 1) if of_pytorch else functional.max_pool2d(x, 3, 2, ceil_mode=True)
            for stage in range(1, 5):
                x = getattr(self, f"layer{stage}")(x)
            return x.mean((2, 3))

    torch.manual_seed(5)
    peer = Peer().eval()
    with torch.no_grad():
        for name, value in peer.state_dict().items():
            if name.endswith(("running_mean", "running_var", ".bias")) or name.startswith("bn1.weight"):
                value.uniform_(0.5, 1.5)
    return peer
