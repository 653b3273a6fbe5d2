#include "media/resample.h"

#include <string.h>

#define UP_PAST (2 * HALFBAND_TAPS - 1)

/* sin(pi k / 2) / (pi k) for k = 1, 3, 5 …, Hamming window, Q15; the middle tap is a half */
static const int16_t taps[HALFBAND_TAPS] = {10409, -3362, 1892, -1224, 832, -570,
					    386,   -254,  160,  -96,   57,  -38};

static int16_t clamp(int32_t v)
{
	return (int16_t)(v > INT16_MAX ? INT16_MAX : v < INT16_MIN ? INT16_MIN : v);
}

size_t halfband_up(struct halfband *h, const int16_t *in, size_t count, int16_t *out)
{
	int16_t work[UP_PAST + HALFBAND_MAX];

	if (count > HALFBAND_MAX)
		return 0;
	memcpy(work, h->past, UP_PAST * sizeof(*work));
	memcpy(work + UP_PAST, in, count * sizeof(*in));
	for (size_t i = 0; i < count; i++) {
		const int16_t *middle = work + i + HALFBAND_TAPS - 1;
		int32_t sum = 0;

		for (int j = 0; j < HALFBAND_TAPS; j++)
			sum += taps[j] * (middle[-j] + middle[j + 1]);
		out[2 * i] = *middle;
		out[2 * i + 1] = clamp((sum + (1 << 13)) >> 14);
	}
	memcpy(h->past, work + count, UP_PAST * sizeof(*work));
	return count * 2;
}

size_t halfband_down(struct halfband *h, const int16_t *in, size_t count, int16_t *out)
{
	int16_t work[HALFBAND_PAST + HALFBAND_MAX];

	count &= ~(size_t)1;
	if (count > HALFBAND_MAX)
		return 0;
	memcpy(work, h->past, sizeof(h->past));
	memcpy(work + HALFBAND_PAST, in, count * sizeof(*in));
	for (size_t i = 0; i < count; i += 2) {
		const int16_t *middle = work + i + HALFBAND_PAST / 2;
		int32_t sum = *middle * (1 << 14);

		for (int j = 0; j < HALFBAND_TAPS; j++)
			sum += taps[j] * (middle[-(2 * j + 1)] + middle[2 * j + 1]);
		out[i / 2] = clamp((sum + (1 << 14)) >> 15);
	}
	memcpy(h->past, work + count, sizeof(h->past));
	return count / 2;
}
