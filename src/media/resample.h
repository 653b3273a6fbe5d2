/*
 * Between 8 and 16 kHz on the fly: a half-band filter (flat to 3.4 kHz, -54 dB above 4.6 kHz).
 * librem's resampler isn't used: librem and spandsp both export goertzel_* and can't be linked
 * into one program.
 */
#ifndef MEDIA_RESAMPLE_H
#define MEDIA_RESAMPLE_H

#include <stddef.h>
#include <stdint.h>

#define HALFBAND_TAPS 12 /* on each side, the zeros between not counted */
#define HALFBAND_PAST (4 * HALFBAND_TAPS - 2)
#define HALFBAND_MAX  2880 /* samples in */

struct halfband {
	int16_t past[HALFBAND_PAST];
};

/* 8 to 16 kHz: 2 × count samples. */
size_t halfband_up(struct halfband *h, const int16_t *in, size_t count, int16_t *out);

/* 16 to 8 kHz: count / 2 samples; an odd last one is left out. */
size_t halfband_down(struct halfband *h, const int16_t *in, size_t count, int16_t *out);

#endif
