"""A thin way to write Blender shader graphs as expressions."""

from __future__ import annotations

from typing import Any

import bpy

Socket = Any  # a bpy output socket
Span = tuple[float, float]


class Graph:
    """One material. Nodes are made by `node`; `finish` connects the surface.

    An input given as a socket is linked, anything else becomes its default value; inputs are
    addressed by name or by position.
    """

    def __init__(self, name: str) -> None:
        self.material = bpy.data.materials.new(name)
        self.material.use_nodes = True
        self._tree = self.material.node_tree
        self._tree.nodes.clear()

    def node(self, kind: str, inputs: dict[str | int, Any] | None = None, **settings: Any) -> Any:
        """Add `ShaderNode<kind>` with settings (attributes) and inputs; returns the node."""
        node = self._tree.nodes.new(f"ShaderNode{kind}")
        for name, value in settings.items():
            setattr(node, name, value)
        for key, value in (inputs or {}).items():
            if isinstance(value, bpy.types.NodeSocket):
                self._tree.links.new(value, node.inputs[key])
            else:
                node.inputs[key].default_value = value
        return node

    def attribute(self, name: str, output: str = "Fac") -> Socket:
        """A mesh attribute, as number (`Fac`), `Color` or `Vector`."""
        return self.node("Attribute", attribute_name=name).outputs[output]

    def math(self, operation: str, *values: Any) -> Socket:
        return self.node("Math", dict(enumerate(values)), operation=operation).outputs[0]

    def remap(self, value: Socket, from_: Span, to: Span, **kw: Any) -> Socket:
        """Clamped linear map of `value` from one range to another."""
        inputs = {0: value, 1: from_[0], 2: from_[1], 3: to[0], 4: to[1]}
        return self.node("MapRange", inputs, **kw).outputs[0]

    def ramp(self, value: Socket, stops: list[tuple[float, Any]], mode: str = "LINEAR") -> Socket:
        """Colour ramp through (position, rgb) stops, in rising order."""
        node = self.node("ValToRGB", {0: value})
        elements = node.color_ramp.elements
        node.color_ramp.interpolation = mode
        while len(elements) < len(stops):
            elements.new(0.5)
        for element, (position, rgb) in zip(elements, stops, strict=True):
            element.position = position
            element.color = (*(float(c) for c in rgb), 1)
        return node.outputs[0]

    def multiply(self, first: Any, second: Any, amount: Any = 1.0) -> Socket:
        """Colours multiplied where amount is 1, `first` alone where it is 0."""
        node = self.node("Mix", {0: amount}, data_type="RGBA", blend_type="MULTIPLY")
        for socket, value in ((node.inputs[6], first), (node.inputs[7], second)):
            if isinstance(value, bpy.types.NodeSocket):
                self._tree.links.new(value, socket)
            else:
                socket.default_value = value
        return node.outputs[2]

    def tint(self, colour: Socket, factor: tuple[float, float, float], amount: Any) -> Socket:
        """The colour times `factor` where amount is 1, itself where it is 0."""
        return self.multiply(colour, (*factor, 1), amount)

    def mix(self, factor: Any, first: Socket, second: Socket) -> Socket:
        """Shader mix: `first` where factor is 0, `second` where it is 1."""
        return self.node("MixShader", {0: factor, 1: first, 2: second}).outputs[0]

    def finish(self, surface: Socket) -> bpy.types.Material:
        self.node("OutputMaterial", {0: surface})
        return self.material
