/*
 * Sound to bytes and back, state held only where a codec has any. Sound inside the room is 16 bit
 * mono at 8 kHz (G.711) or 16 kHz (G.722, Opus).
 */
#ifndef MEDIA_CODEC_H
#define MEDIA_CODEC_H

#include <stddef.h>
#include <stdint.h>

#include "base/stream.h"

struct coder;

#define CODEC_FRAME_MAX 512 /* bytes of a 20 ms frame that we encode */

unsigned coder_rate(enum codec c); /* 8000 or 16000 */

int coder_alloc(struct coder **cp); /* ENOMEM */
void coder_free(struct coder *c);   /* accepts NULL */

/* At most cap samples at coder_rate(codec). Returns the number, -1 for no such payload. */
int coder_decode(struct coder *c, enum codec codec, const uint8_t *payload, size_t len,
		 int16_t *pcm, size_t cap);

/* The same sound at 8 kHz (8000 in: copied). Returns the number of samples. */
size_t coder_down(struct coder *c, unsigned rate, const int16_t *in, size_t count, int16_t *out);

/* Gathers sound of the given rate; calls frame() for each 20 ms of it, encoded. */
typedef void coder_frame_h(void *arg, const uint8_t *payload, size_t len);
void coder_encode(struct coder *c, enum codec codec, unsigned rate, const int16_t *pcm,
		  size_t count, coder_frame_h *frame, void *arg);
void coder_encode_restart(struct coder *c); /* forgets what is less than a frame */

/* Samples of any rate made 8 or 16 kHz, for sounds prepared ahead: a windowed sinc. */
size_t codec_resample(const int16_t *in, size_t count, unsigned in_rate, int16_t *out, size_t cap,
		      unsigned out_rate);

uint8_t codec_alaw(int16_t sample);
uint8_t codec_ulaw(int16_t sample);
int16_t codec_alaw_linear(uint8_t byte);
int16_t codec_ulaw_linear(uint8_t byte);

#endif
