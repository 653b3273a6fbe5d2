"""Sound as the tests hear it: tones measured, sentences recognised by their own waveform."""
import audioop
import wave

import numpy as np

RATE = 8000


def tone(hz, ms, level=0.3):
    t = np.arange(RATE * ms // 1000) / RATE
    return (np.sin(2 * np.pi * hz * t) * level * 32767).astype(np.int16)


def alaw(samples):
    return audioop.lin2alaw(samples.tobytes(), 2)


def from_alaw(data):
    return np.frombuffer(audioop.alaw2lin(data, 2), dtype=np.int16)


def ulaw(samples):
    return audioop.lin2ulaw(samples.tobytes(), 2)


def from_ulaw(data):
    return np.frombuffer(audioop.ulaw2lin(data, 2), dtype=np.int16)


def read_wav(path):
    """A mono 16-bit WAV of any rate, as samples at 8 kHz."""
    with wave.open(str(path)) as w:
        data, rate = w.readframes(w.getnframes()), w.getframerate()
        if w.getnchannels() == 2:
            data = audioop.tomono(data, w.getsampwidth(), 0.5, 0.5)
        if w.getsampwidth() != 2:
            data = audioop.lin2lin(data, w.getsampwidth(), 2)
    if rate != RATE:
        data, _ = audioop.ratecv(data, 2, 1, rate, RATE, None)
    return np.frombuffer(data, dtype=np.int16)


def level(samples):
    """Root mean square, in dB to full scale."""
    if len(samples) == 0:
        return -100.0
    rms = np.sqrt(np.mean(samples.astype(np.float64) ** 2))
    return 20 * np.log10(max(rms, 1e-3) / 32768)


def pitch(samples):
    """The strongest frequency in Hz and its share of the power; (0, 0) for silence."""
    if len(samples) < RATE // 20 or level(samples) < -55:
        return 0.0, 0.0
    x = samples.astype(np.float64) * np.hanning(len(samples))
    power = np.abs(np.fft.rfft(x, 4 * len(x))) ** 2
    power[: int(60 / (RATE / (4 * len(x))))] = 0
    k = int(np.argmax(power))
    near = power[max(0, k - 16) : k + 17].sum()
    return k * RATE / (4 * len(x)), float(near / power.sum())


def hears_tone(samples, hz, tolerance=6):
    f, share = pitch(samples)
    return abs(f - hz) <= tolerance and share > 0.6


def cadence(samples, hz=450, step_ms=10):
    """Bursts of a tone as [(on_ms, off_ms)…], to tell ringback, busy and congestion apart."""
    n = RATE * step_ms // 1000
    on = []
    for i in range(0, len(samples) - n, n):
        x = samples[i : i + n].astype(np.float64)
        t = np.arange(n) / RATE
        p = np.abs(np.sum(x * np.exp(-2j * np.pi * hz * t))) / n
        on.append(p > 300 and p * p * 2 > 0.4 * np.mean(x * x))
    runs, last, count = [], None, 0
    for o in on + [None]:
        if o is last:
            count += 1
            continue
        if last is not None:
            runs.append((last, count * step_ms))
        last, count = o, 1
    bursts = []
    for i, (o, ms) in enumerate(runs):
        if o and ms >= 50:
            off = runs[i + 1][1] if i + 1 < len(runs) else 0
            bursts.append((ms, off))
    return bursts


def find(heard, clip, least=0.5):
    """Where `clip` stands in `heard`: (offset in ms, likeness 0-1) or None. Normalised
    cross-correlation finds the place; then every stretch of it has to be alike, since sentences
    often begin with the same words."""
    piece = min(len(clip), RATE * 3)
    if piece < RATE // 5 or len(heard) < piece:
        return None
    c = clip[:piece].astype(np.float64)
    h = heard.astype(np.float64)
    size = 1 << int(np.ceil(np.log2(len(h) + piece)))
    corr = np.fft.irfft(np.fft.rfft(h, size) * np.conj(np.fft.rfft(c, size)), size)[
        : len(h) - piece + 1
    ]
    s = np.concatenate(([0.0], np.cumsum(h * h)))
    energy = np.sqrt(np.maximum(s[piece:] - s[:-piece], 1.0)) * np.sqrt((c * c).sum())
    score = corr / np.maximum(energy, np.sqrt((c * c).sum()) * 1e3)
    k = int(np.argmax(score))
    if score[k] < least or min(stretches(h[k : k + piece], c)) < 0.35:
        return None
    return k * 1000 / RATE, float(score[k])


def stretches(a, b, ms=400):
    """How alike two pieces are, stretch by stretch; silent stretches are left out."""
    n = RATE * ms // 1000
    out = []
    for i in range(0, len(b) - n + 1, n):
        x, y = a[i : i + n], b[i : i + n]
        if np.sqrt(np.mean(y * y)) < 300:
            continue
        out.append(float((x * y).sum() / np.sqrt(max((x * x).sum(), 1.0) * (y * y).sum())))
    return out or [1.0]
