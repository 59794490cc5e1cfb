"""One ONNX net behind one call: opened, its tensors found by their shapes, its faster twin chosen.

A file's tensor names, their order and its batch axis are discovered, never assumed. Where
`<name>.int8.onnx` lies beside `<name>.onnx`, a short race on this machine says which of the two is
used. What a net is for does not belong here.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime as ort

from backend.avatar.pictures.colour import Float32
from backend.errors import ModelFileError

Shape = tuple[int, ...]

_INT8 = ".int8.onnx"

_RACE_FRAMES, _RACE_LAPS = 4, 3
# Eight bits are near enough, not the same: they must be worth it, and not by an accident of timing.
_WORTH_IT = 0.85


@dataclass(frozen=True, slots=True)
class Contract:
    """What a net must take and give, batch axis left out. `wanted` says it in words."""

    inputs: tuple[Shape, ...]
    output: Shape
    wanted: str
    more: tuple[Shape, ...] = ()
    """Further outputs."""

    @property
    def outputs(self) -> tuple[Shape, ...]:
        return self.output, *self.more


@dataclass(frozen=True, slots=True)
class Network:
    """One ONNX session called with arrays in a known order; a fixed batch is looped and padded."""

    path: Path
    session: ort.InferenceSession
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    contract: Contract
    batch: int | None

    @property
    def is_int8(self) -> bool:
        return self.path.name.endswith(_INT8)

    @property
    def note(self) -> str:
        """To be put after a name: empty, or " int8"."""
        return " int8" if self.is_int8 else ""

    def __call__(self, *arrays: Float32) -> Float32:
        """Arrays of equal length n, in the contract's order, to its first output's (n, …)."""
        return self.run(*arrays)[0]

    def run(self, *arrays: Float32) -> list[Float32]:
        """The same, to all outputs."""
        frames = len(arrays[0])
        if frames == 0:
            return [np.empty((0, *shape), np.float32) for shape in self.contract.outputs]
        step = self.batch or frames
        parts = [self._run([a[i : i + step] for a in arrays]) for i in range(0, frames, step)]
        if len(parts) == 1:
            return parts[0]
        return [np.concatenate(pieces) for pieces in zip(*parts, strict=True)]

    def constant(self, shape: Shape) -> Float32 | None:
        """The output of exactly this shape, which no input changes; None when there is none."""
        names = [node.name for node in self.session.get_outputs() if tuple(node.shape) == shape]
        if len(names) != 1:
            return None
        takes = zip(self.inputs, self.contract.inputs, strict=True)
        feed = {name: np.zeros((self.batch or 1, *inputs), np.float32) for name, inputs in takes}
        found: Float32 = self.session.run(names, feed)[0]
        return found

    def _run(self, arrays: Sequence[Float32]) -> list[Float32]:
        frames = len(arrays[0])
        if self.batch is not None and frames < self.batch:
            missing = self.batch - frames
            arrays = [np.concatenate([a, np.repeat(a[-1:], missing, axis=0)]) for a in arrays]
        feed = {n: np.ascontiguousarray(a) for n, a in zip(self.inputs, arrays, strict=True)}
        results: list[Float32] = self.session.run(list(self.outputs), feed)
        return [result[:frames] for result in results]


def load_network(path: Path, contract: Contract, threads: int = 1) -> Network:
    """The net at `path`, or its int8 twin where that is clearly faster here.

    threads: threads inside one operator; 1 adds none. Raises ModelFileError with what a file has,
    what is wanted and what to do.
    """
    network = open_network(path, contract, threads)
    twin = path.with_suffix(_INT8)
    if not twin.is_file():
        return network
    other = open_network(twin, contract, threads)
    full_s, int8_s = race([network, other])
    return other if int8_s < _WORTH_IT * full_s else network


def open_network(path: Path, contract: Contract, threads: int = 1) -> Network:
    """The net in this very file. Raises ModelFileError."""
    session = _open(path, threads)
    found_inputs, found_outputs = session.get_inputs(), session.get_outputs()
    complain = _complaint(path, found_inputs, found_outputs, contract.wanted)
    if len(found_inputs) != len(contract.inputs):
        raise complain(
            f"It has {len(found_inputs)} inputs where {len(contract.inputs)} are wanted."
        )
    chosen = [_the_one(found_inputs, shape, complain) for shape in contract.inputs]
    results = [_the_one(found_outputs, shape, complain) for shape in contract.outputs]
    for node in (*chosen, *results):
        if node.type != "tensor(float)":
            raise complain(
                f"'{node.name}' is {node.type}; export the net again in float32 (opset 17 does)."
            )
    batches = {node.shape[0] for node in chosen if isinstance(node.shape[0], int)}
    if len(batches) > 1:
        raise complain(f"Its inputs have different batch sizes {sorted(batches)}.")
    inputs, outputs = (tuple(node.name for node in nodes) for nodes in (chosen, results))
    return Network(path, session, inputs, outputs, contract, next(iter(batches), None))


def race(networks: Sequence[Network]) -> list[float]:
    """Seconds per frame of each, the best of a few laps run in turn.

    Of the processor, which a busy machine disturbs less than the clock. Raises ModelFileError.
    """
    best = [float("inf")] * len(networks)
    for lap in range(_RACE_LAPS + 1):
        for number, network in enumerate(networks):
            shapes = network.contract.inputs
            feed = [np.full((_RACE_FRAMES, *shape), 0.25, np.float32) for shape in shapes]
            begin_s = time.process_time()
            try:
                network(*feed)
            except Exception as error:  # onnxruntime's errors share no base class but this one
                raise ModelFileError(f"{network.path} loads but fails: {error}.") from error
            if lap:  # the first lap warms up
                best[number] = min(best[number], time.process_time() - begin_s)
    return [seconds / _RACE_FRAMES for seconds in best]


def _open(path: Path, threads: int) -> ort.InferenceSession:
    if not path.is_file():
        raise ModelFileError(
            f"The net {path} is not there. Put the ONNX file there or choose another one."
        )
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 4
    try:
        return ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's errors share no base class but this one
        raise ModelFileError(
            f"{path} ({path.stat().st_size} bytes) is not an ONNX model that can be loaded; "
            f"fetch or export it again. onnxruntime says: {error}"
        ) from error


def _the_one(
    nodes: Sequence[ort.NodeArg], shape: Shape, complain: Callable[[str], ModelFileError]
) -> ort.NodeArg:
    """The one tensor that is (N, *shape); a dimension the file leaves open fits anything."""
    fits = [node for node in nodes if _fits(node.shape, shape)]
    exact = [node for node in fits if tuple(node.shape[1:]) == shape]
    best = exact or fits
    if len(best) != 1:
        wanted = ",".join(["N", *map(str, shape)])
        raise complain(f"It has {len(best) or 'no'} tensors that fit ({wanted}).")
    return best[0]


def _fits(found: Sequence[int | str | None], shape: Shape) -> bool:
    return len(found) == len(shape) + 1 and all(
        not isinstance(have, int) or have == want
        for have, want in zip(found[1:], shape, strict=True)
    )


def _complaint(
    path: Path, inputs: Sequence[ort.NodeArg], outputs: Sequence[ort.NodeArg], wanted: str
) -> Callable[[str], ModelFileError]:
    def listed(nodes: Sequence[ort.NodeArg]) -> str:
        return ", ".join(f"{n.name} {n.type} {n.shape}" for n in nodes)

    def complain(problem: str) -> ModelFileError:
        return ModelFileError(
            f"{path} cannot be used here. {problem} "
            f"Inputs: {listed(inputs)}. Outputs: {listed(outputs)}. {wanted}"
        )

    return complain
