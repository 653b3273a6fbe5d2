#include "media/codec.h"

#include <errno.h>
#include <math.h>
#include <opus/opus.h>
#include <spandsp.h>
#include <stdlib.h>
#include <string.h>

#include "media/resample.h"

#define OPUS_BITRATE    24000
#define OPUS_COMPLEXITY 5
#define G711_MAX        1440 /* bytes of one packet: 180 ms */
#define OPUS_PACKET_MAX 1275 /* RFC 6716, 3.4 */
#define SINC_HALF       24   /* zero crossings on each side */
#define FRAME_MAX       320

struct coder {
	g722_decode_state_t *g722_in;
	g722_encode_state_t *g722_out;
	OpusDecoder *opus_in;
	OpusEncoder *opus_out;
	struct halfband down, turn; /* towards 8 kHz for listening; between two legs' rates */
	int16_t frame[FRAME_MAX];
	size_t gathered;
};

unsigned coder_rate(enum codec c)
{
	return c == CODEC_G722 || c == CODEC_OPUS ? 16000 : 8000;
}

int coder_alloc(struct coder **cp)
{
	struct coder *c = calloc(1, sizeof(*c));

	if (!c)
		return ENOMEM;
	*cp = c;
	return 0;
}

void coder_free(struct coder *c)
{
	if (!c)
		return;
	if (c->g722_in)
		g722_decode_free(c->g722_in);
	if (c->g722_out)
		g722_encode_free(c->g722_out);
	if (c->opus_in)
		opus_decoder_destroy(c->opus_in);
	if (c->opus_out)
		opus_encoder_destroy(c->opus_out);
	free(c);
}

static int decode_g711(enum codec codec, const uint8_t *payload, size_t len, int16_t *pcm,
		       size_t cap)
{
	if (len > G711_MAX || len > cap)
		return -1;
	if (codec == CODEC_PCMA)
		for (size_t i = 0; i < len; i++)
			pcm[i] = alaw_to_linear(payload[i]);
	else
		for (size_t i = 0; i < len; i++)
			pcm[i] = ulaw_to_linear(payload[i]);
	return (int)len;
}

static int decode_g722(struct coder *c, const uint8_t *payload, size_t len, int16_t *pcm,
		       size_t cap)
{
	if (len > G711_MAX || len * 2 > cap)
		return -1;
	if (!c->g722_in)
		c->g722_in = g722_decode_init(NULL, 64000, 0);
	if (!c->g722_in)
		return -1;
	return g722_decode(c->g722_in, pcm, payload, (int)len);
}

static int decode_opus(struct coder *c, const uint8_t *payload, size_t len, int16_t *pcm,
		       size_t cap)
{
	int n;

	if (len > OPUS_PACKET_MAX)
		return -1;
	if (!c->opus_in)
		c->opus_in = opus_decoder_create(16000, 1, NULL);
	if (!c->opus_in)
		return -1;
	n = opus_decode(c->opus_in, payload, (opus_int32)len, pcm, (int)cap, 0);
	return n < 0 ? -1 : n;
}

int coder_decode(struct coder *c, enum codec codec, const uint8_t *payload, size_t len,
		 int16_t *pcm, size_t cap)
{
	if (len == 0)
		return -1;
	switch (codec) {
	case CODEC_PCMA:
	case CODEC_PCMU:
		return decode_g711(codec, payload, len, pcm, cap);
	case CODEC_G722:
		return decode_g722(c, payload, len, pcm, cap);
	case CODEC_OPUS:
		return decode_opus(c, payload, len, pcm, cap);
	case CODEC_NONE:
	case CODEC_COUNT:
		break;
	}
	return -1;
}

size_t coder_down(struct coder *c, unsigned rate, const int16_t *in, size_t count, int16_t *out)
{
	if (rate == 16000)
		return halfband_down(&c->down, in, count, out);
	memcpy(out, in, count * sizeof(*in));
	return count;
}

static size_t encode_g711(const int16_t *pcm, uint8_t *out, enum codec codec)
{
	for (size_t i = 0; i < 160; i++)
		out[i] = codec == CODEC_PCMA ? codec_alaw(pcm[i]) : codec_ulaw(pcm[i]);
	return 160;
}

static bool open_opus(struct coder *c)
{
	if (c->opus_out)
		return true;
	c->opus_out = opus_encoder_create(16000, 1, OPUS_APPLICATION_VOIP, NULL);
	if (!c->opus_out)
		return false;
	opus_encoder_ctl(c->opus_out, OPUS_SET_BITRATE(OPUS_BITRATE));
	opus_encoder_ctl(c->opus_out, OPUS_SET_COMPLEXITY(OPUS_COMPLEXITY));
	opus_encoder_ctl(c->opus_out, OPUS_SET_SIGNAL(OPUS_SIGNAL_VOICE));
	return true;
}

static size_t encode_frame(struct coder *c, enum codec codec, uint8_t out[CODEC_FRAME_MAX])
{
	int n = 0;

	switch (codec) {
	case CODEC_PCMA:
	case CODEC_PCMU:
		return encode_g711(c->frame, out, codec);
	case CODEC_G722:
		if (!c->g722_out)
			c->g722_out = g722_encode_init(NULL, 64000, 0);
		if (c->g722_out)
			n = g722_encode(c->g722_out, out, c->frame, 320);
		break;
	case CODEC_OPUS:
		if (open_opus(c))
			n = opus_encode(c->opus_out, c->frame, 320, out, CODEC_FRAME_MAX);
		break;
	case CODEC_NONE:
	case CODEC_COUNT:
		break;
	}
	return n > 0 ? (size_t)n : 0;
}

void coder_encode(struct coder *c, enum codec codec, unsigned rate, const int16_t *pcm,
		  size_t count, coder_frame_h *frame, void *arg)
{
	const unsigned want = coder_rate(codec);
	const size_t whole = want / 50;
	uint8_t out[CODEC_FRAME_MAX];
	int16_t room[2 * G711_MAX];

	if (count > (rate < want ? G711_MAX : HALFBAND_MAX))
		return;
	if (rate < want) {
		count = halfband_up(&c->turn, pcm, count, room);
		pcm = room;
	} else if (rate > want) {
		count = halfband_down(&c->turn, pcm, count, room);
		pcm = room;
	}
	if (c->gathered >= whole)
		c->gathered = 0;
	while (count > 0) {
		size_t n = whole - c->gathered;

		if (n > count)
			n = count;
		memcpy(c->frame + c->gathered, pcm, n * sizeof(*pcm));
		c->gathered += n;
		pcm += n;
		count -= n;
		if (c->gathered == whole) {
			n = encode_frame(c, codec, out);
			if (n > 0)
				frame(arg, out, n);
			c->gathered = 0;
		}
	}
}

void coder_encode_restart(struct coder *c)
{
	c->gathered = 0;
}

size_t codec_resample(const int16_t *in, size_t count, unsigned in_rate, int16_t *out, size_t cap,
		      unsigned out_rate)
{
	const double step = (double)in_rate / out_rate;
	const double cut = in_rate > out_rate ? 0.97 / step : 0.97;
	const long reach = (long)(SINC_HALF / cut) + 1;
	size_t n = (size_t)((uint64_t)count * out_rate / in_rate);

	if (n > cap)
		n = cap;
	if (in_rate == out_rate) {
		memcpy(out, in, n * sizeof(*in));
		return n;
	}
	for (size_t i = 0; i < n; i++) {
		double centre = (double)i * step, sum = 0;
		long first = (long)centre - reach, last = (long)centre + reach;

		for (long k = first < 0 ? 0 : first; k <= last && k < (long)count; k++) {
			double x = (double)k - centre, w = x / (double)(reach + 1);
			double s = fabs(x) < 1e-9 ? 1 : sin(M_PI * x * cut) / (M_PI * x * cut);

			sum += in[k] * s * cut * (0.5 + 0.5 * cos(M_PI * w));
		}
		out[i] = (int16_t)(sum > 32767 ? 32767 : sum < -32768 ? -32768 : lrint(sum));
	}
	return n;
}

uint8_t codec_alaw(int16_t sample)
{
	return linear_to_alaw(sample);
}

uint8_t codec_ulaw(int16_t sample)
{
	return linear_to_ulaw(sample);
}

int16_t codec_alaw_linear(uint8_t byte)
{
	return alaw_to_linear(byte);
}

int16_t codec_ulaw_linear(uint8_t byte)
{
	return ulaw_to_linear(byte);
}
