import torch

from training.decoder import Decoder


def _run() -> tuple["torch.Tensor", "torch.Tensor"]:
    torch.manual_seed(0)
    face = torch.rand(2, 6, 96, 96)
    with torch.no_grad():
        return face, Decoder().eval()(face, torch.rand(2, 8))


def test_the_upper_half_is_the_target_untouched() -> None:
    face, picture = _run()
    assert picture.shape == (2, 3, 96, 96)
    assert torch.equal(picture[:, :, :48], face[:, :3, :48])


def test_seam_rows_and_columns_are_the_reference_untouched() -> None:
    face, picture = _run()
    reference = face[:, 3:]
    assert torch.allclose(picture[:, :, [48, 95]], reference[:, :, [48, 95]])
    assert torch.allclose(picture[:, :, 48:, [0, 95]], reference[:, :, 48:, [0, 95]])


def test_controls_change_the_mouth() -> None:
    torch.manual_seed(0)
    decoder, face = Decoder().eval(), torch.rand(1, 6, 96, 96)
    with torch.no_grad():
        still, moved = (decoder(face, torch.full((1, 8), c)) for c in (0.0, 1.0))
    assert (still - moved)[:, :, 60:80, 30:66].abs().max() > 0
