"""From sound to the eight controls of a mouth, one row per video frame.

Hearing: `mel` and `phones` make the columns of an `ear`, a `listener` makes controls of them,
`hearing` does so while a sentence still arrives. Where a voice tells its phonemes, `articulation*`
says what they ask of a mouth. `mouth` keeps the controls calm, crisp and still.
"""
