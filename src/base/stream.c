#include "base/stream.h"

static const struct {
	const char *name;
	uint32_t rtp_clock;
	uint32_t sample_rate;
} codecs[CODEC_COUNT] = {
	[CODEC_NONE] = {"none", 8000, 8000},   [CODEC_PCMA] = {"PCMA", 8000, 8000},
	[CODEC_PCMU] = {"PCMU", 8000, 8000},   [CODEC_G722] = {"G722", 8000, 16000},
	[CODEC_OPUS] = {"opus", 48000, 48000},
};

const char *codec_name(enum codec c)
{
	return codecs[c].name;
}

uint32_t codec_rtp_clock(enum codec c)
{
	return codecs[c].rtp_clock;
}

uint32_t codec_sample_rate(enum codec c)
{
	return codecs[c].sample_rate;
}
