/*
 * Clips: sound encoded once a codec by a worker, shared by count of references. A frame may be read
 * once its codec's bit in `ready` is set.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "media/codec.h"
#include "media/resample.h"
#include "media/room.h"

#define OPUS_ROOM_A_FRAME 160 /* the mean of 24 kbit/s is 60; grown when it isn't enough */

static int hand_over(struct media *m, struct clip *c, struct clip **cp)
{
	int err;

	c->total = &m->clip_bytes;
	atomic_init(&c->refs, 2); /* the caller's and the worker's */
	err = ring_push(m->clip_jobs, &c);
	if (err) {
		free(c->pcm);
		free(c->path);
		free(c);
		return err;
	}
	*cp = c;
	return 0;
}

static void set_pcm(struct clip *c, int16_t *pcm, size_t count, unsigned rate)
{
	c->pcm = pcm;
	c->pcm_count = count;
	c->pcm_rate = rate;
	c->frames = (uint32_t)(((uint64_t)count * FRAMES_A_SECOND + rate - 1) / rate);
}

int clip_make(struct media *m, uint32_t id, const int16_t *samples, size_t count, unsigned rate,
	      struct clip **cp)
{
	struct clip *c;
	int16_t *pcm;

	if (!samples || count == 0 || rate < 8000 || rate > 48000 ||
	    (uint64_t)count * 1000 / rate > MEDIA_CLIP_MS_MAX)
		return EINVAL;
	c = calloc(1, sizeof(*c));
	pcm = malloc(count * sizeof(*samples));
	if (!c || !pcm) {
		free(c);
		free(pcm);
		return ENOMEM;
	}
	memcpy(pcm, samples, count * sizeof(*samples));
	c->id = id;
	set_pcm(c, pcm, count, rate);
	return hand_over(m, c, cp);
}

int clip_make_from(struct media *m, uint32_t id, const char *path, struct clip **cp)
{
	struct clip *c = calloc(1, sizeof(*c));

	if (!c)
		return ENOMEM;
	c->id = id;
	c->path = strdup(path);
	if (!c->path) {
		free(c);
		return ENOMEM;
	}
	return hand_over(m, c, cp);
}

void clip_ref(struct clip *c)
{
	atomic_fetch_add_explicit(&c->refs, 1, memory_order_relaxed);
}

static size_t clip_size(const struct clip *c)
{
	size_t n = 0;

	for (int k = CODEC_PCMA; k <= CODEC_G722; k++)
		if (c->data[k])
			n += (size_t)c->frames * FRAME_8K;
	if (c->opus_at)
		n += c->opus_at[c->frames] + (c->frames + 1) * sizeof(*c->opus_at);
	return n;
}

void clip_unref(struct clip *c)
{
	if (!c || atomic_fetch_sub_explicit(&c->refs, 1, memory_order_acq_rel) != 1)
		return;
	if (c->counted)
		atomic_fetch_sub(c->total, c->counted);
	for (int k = 0; k < CODEC_COUNT; k++)
		free(c->data[k]);
	free(c->opus_at);
	free(c->pcm);
	free(c->path);
	free(c);
}

const uint8_t *clip_frame(const struct clip *c, enum codec codec, uint32_t frame, size_t *len)
{
	const unsigned ready = atomic_load_explicit(&c->ready, memory_order_acquire);

	if (!(ready & 1U << codec) || !c->data[codec] || frame >= c->frames)
		return NULL;
	if (codec != CODEC_OPUS) {
		*len = FRAME_8K;
		return c->data[codec] + (size_t)frame * FRAME_8K;
	}
	*len = c->opus_at[frame + 1] - c->opus_at[frame];
	return c->data[codec] + c->opus_at[frame];
}

#define PRIME_FRAMES 10

/* The bytes of one codec as they come out of the encoder, frame by frame. */
struct sink {
	uint8_t *data;
	size_t len, room;
	uint32_t *at; /* Opus: where each frame begins */
	uint32_t frames;
	bool priming, failed;
};

static void sink_frame(void *arg, const uint8_t *payload, size_t len)
{
	struct sink *s = arg;

	if (s->failed || s->priming)
		return;
	if (s->len + len > s->room) {
		uint8_t *more = realloc(s->data, s->room * 2 + len);

		if (!more) {
			s->failed = true;
			return;
		}
		s->data = more;
		s->room = s->room * 2 + len;
	}
	memcpy(s->data + s->len, payload, len);
	s->len += len;
	s->frames++;
	if (s->at)
		s->at[s->frames] = (uint32_t)s->len;
}

/* The clip's frames from `first` on through the coder. */
static void run_coder(const struct clip *c, enum codec codec, struct coder *coder,
		      const int16_t *pcm, uint32_t first, struct sink *s)
{
	const unsigned rate = coder_rate(codec);
	const size_t step = rate / FRAMES_A_SECOND;

	for (uint32_t i = first; i < c->frames && !s->failed; i++)
		coder_encode(coder, codec, rate, pcm + i * step, step, sink_frame, s);
}

/* The far end's decoder remembers what came before: most often the end of this clip in a loop, or
 * silence, in which a clip ends. So it begins as if its own end had just been said. */
static void prime(const struct clip *c, enum codec codec, struct coder *coder,
		  const int16_t *pcm, struct sink *s)
{
	if (codec != CODEC_G722 && codec != CODEC_OPUS)
		return;
	s->priming = true;
	run_coder(c, codec, coder, pcm, c->frames > PRIME_FRAMES ? c->frames - PRIME_FRAMES : 0,
		  s);
	s->priming = false;
}

static bool fill_sink(const struct clip *c, enum codec codec, const int16_t *pcm, struct sink *s)
{
	struct coder *coder = NULL;

	s->room = c->frames * (codec == CODEC_OPUS ? OPUS_ROOM_A_FRAME : FRAME_8K);
	s->data = malloc(s->room);
	if (codec == CODEC_OPUS)
		s->at = calloc(c->frames + 1, sizeof(*s->at));
	if (!s->data || (codec == CODEC_OPUS && !s->at) || coder_alloc(&coder))
		return false;
	prime(c, codec, coder, pcm, s);
	run_coder(c, codec, coder, pcm, 0, s);
	coder_free(coder);
	return !s->failed && s->frames == c->frames;
}

static void encode(struct clip *c, enum codec codec, const int16_t *pcm)
{
	struct sink s = {0};

	if (!fill_sink(c, codec, pcm, &s)) {
		log_error("media", "clip %u can't be encoded as %s", c->id, codec_name(codec));
		free(s.data);
		free(s.at);
		s.data = NULL;
		s.at = NULL;
	}
	c->data[codec] = s.data;
	if (codec == CODEC_OPUS)
		c->opus_at = s.at;
	/* a codec that failed is ready too: it is silence, and time goes on */
	atomic_fetch_or_explicit(&c->ready, 1U << codec, memory_order_release);
}

static void down(const int16_t *in, size_t count, int16_t *out)
{
	struct halfband h = {{0}};

	for (size_t i = 0; i < count; i += FRAME_16K)
		halfband_down(&h, in + i, FRAME_16K, out + i / 2);
}

static void up(const int16_t *in, size_t count, int16_t *out)
{
	struct halfband h = {{0}};

	for (size_t i = 0; i < count; i += FRAME_8K)
		halfband_up(&h, in + i, FRAME_8K, out + i * 2);
}

/* The clip at both rates, filled up with silence to whole frames. */
static void both_rates(const struct clip *c, int16_t *low, int16_t *high)
{
	const size_t n8 = (size_t)c->frames * FRAME_8K, n16 = (size_t)c->frames * FRAME_16K;

	if (c->pcm_rate == 8000) {
		memcpy(low, c->pcm, c->pcm_count * sizeof(*low));
		up(low, n8, high);
		return;
	}
	codec_resample(c->pcm, c->pcm_count, c->pcm_rate, high, n16, 16000);
	down(high, n16, low);
}

/* What the cheap codecs need is done at once; Opus waits until no new clip does. */
static void encode_some(struct clip *c, bool opus)
{
	int16_t *low = calloc((size_t)c->frames * FRAME_8K, sizeof(*low));
	int16_t *high = calloc((size_t)c->frames * FRAME_16K, sizeof(*high));

	if (low && high) {
		both_rates(c, low, high);
		if (opus) {
			encode(c, CODEC_OPUS, high);
		} else {
			encode(c, CODEC_PCMA, low);
			encode(c, CODEC_PCMU, low);
			encode(c, CODEC_G722, high);
		}
	} else {
		log_error("media", "no memory for clip %u", c->id);
		atomic_fetch_or_explicit(&c->ready,
					 opus ? 1U << CODEC_OPUS
					      : ((1U << CODEC_COUNT) - 1) & ~(1U << CODEC_OPUS),
					 memory_order_release);
	}
	free(low);
	free(high);
}

static void finish(struct clip *c)
{
	free(c->pcm);
	c->pcm = NULL;
	c->counted = clip_size(c);
	atomic_fetch_add(c->total, c->counted);
	clip_unref(c);
}

static void wait_for_opus(struct clip **first, struct clip *c)
{
	/* short ones first: a sentence doesn't wait for the music */
	while (*first && (*first)->frames <= c->frames)
		first = &(*first)->next;
	c->next = *first;
	*first = c;
}

static void read_file(struct clip *c)
{
	struct media_wav wav;
	struct media_wav_error error;
	int err = media_wav_read(c->path, &wav, &error);

	if (err)
		log_error("media", "clip %u, %s: %s (%s, found %u, expected %u)", c->id, c->path,
			  strerror(err), media_wav_fault_name(error.fault), error.found,
			  error.expected);
	else
		set_pcm(c, wav.samples, wav.count, wav.rate);
}

static void take_new(struct media *m, struct clip **later)
{
	struct clip *c;

	ring_quiet(m->clip_jobs);
	while (ring_take(m->clip_jobs, &c)) {
		if (!c)
			continue; /* woken up to stop */
		if (c->path)
			read_file(c);
		if (c->frames == 0) {
			atomic_store_explicit(&c->ready, ~0U, memory_order_release);
			finish(c);
			continue;
		}
		if (!atomic_load(&m->closing))
			encode_some(c, false);
		if (m->cfg.no_opus) {
			atomic_fetch_or_explicit(&c->ready, 1U << CODEC_OPUS, memory_order_release);
			finish(c);
			continue;
		}
		wait_for_opus(later, c);
	}
}

void *clip_worker(void *media)
{
	struct media *m = media;
	struct pollfd pfd = {.fd = ring_fd(m->clip_jobs), .events = POLLIN};
	struct clip *later = NULL;

	while (!atomic_load(&m->closing)) {
		struct clip *c = later;

		poll(&pfd, 1, c ? 0 : -1);
		if (pfd.revents) {
			take_new(m, &later);
		} else if (c) {
			later = c->next;
			encode_some(c, true);
			finish(c);
		}
	}
	while (later) {
		struct clip *c = later;

		later = c->next;
		finish(c);
	}
	return NULL;
}
