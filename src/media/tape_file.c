/* A tape's file written, read and destroyed: see tape.h. */
#include "media/tape.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "media/codec.h"
#include "media/room.h"

#define STREAM_TAG_FINAL crypto_secretstream_xchacha20poly1305_TAG_FINAL
#define RATE		 8000
#define SAMPLES_A_MS	 8
#define GAP_MS		 100 /* later than this is a pause, not a packet that was late */
#define PACKET_PCM	 2880
#define ROOM_FIRST	 (RATE * 60)

static void put_le32(uint8_t *at, uint32_t v)
{
	for (unsigned i = 0; i < 4; i++)
		at[i] = (uint8_t)(v >> 8 * i);
}

static uint32_t get_le32(const uint8_t *at)
{
	return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static int write_all(int fd, const void *data, size_t len)
{
	const char *at = data;

	while (len > 0) {
		ssize_t n = write(fd, at, len);

		if (n > 0) {
			at += n;
			len -= (size_t)n;
		} else if (n == 0 || errno != EINTR) {
			return n == 0 ? EIO : errno;
		}
	}
	return 0;
}

/* ---- written ---- */

void tape_put_record(uint8_t *at, enum tape_side side, enum codec codec, size_t len, uint32_t ms)
{
	at[0] = (uint8_t)side;
	at[1] = (uint8_t)codec;
	at[2] = (uint8_t)len;
	at[3] = (uint8_t)(len >> 8);
	put_le32(at + 4, ms);
}

static int write_head(struct tape_file *f, const uint8_t node[MEDIA_TAPE_KEY])
{
	uint8_t head[TAPE_HEAD], key[MEDIA_TAPE_KEY];

	crypto_secretstream_xchacha20poly1305_keygen(key);
	memcpy(head, TAPE_MAGIC, TAPE_NONCE_AT);
	randombytes_buf(head + TAPE_NONCE_AT, crypto_secretbox_NONCEBYTES);
	crypto_secretbox_easy(head + TAPE_KEY_AT, key, sizeof(key), head + TAPE_NONCE_AT, node);
	crypto_secretstream_xchacha20poly1305_init_push(&f->stream, head + TAPE_STREAM_AT, key);
	sodium_memzero(key, sizeof(key));
	f->at = sizeof(head);
	return write_all(f->fd, head, sizeof(head));
}

int tape_file_create(struct tape_file *f, const char *path, const uint8_t key[MEDIA_TAPE_KEY])
{
	int err;

	f->fd = -1;
	if (sodium_init() < 0)
		return ENOSYS;
	f->fd = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (f->fd < 0)
		return errno;
	err = write_head(f, key);
	if (err) {
		close(f->fd);
		f->fd = -1;
		unlink(path);
	}
	return err;
}

int tape_file_put(struct tape_file *f, const uint8_t *block, size_t len, bool last)
{
	uint8_t sealed[4 + TAPE_SEALED];
	unsigned long long n;
	int err;

	crypto_secretstream_xchacha20poly1305_push(&f->stream, sealed + 4, &n, block, len, NULL, 0,
						   last ? STREAM_TAG_FINAL : 0);
	put_le32(sealed, (uint32_t)n);
	err = write_all(f->fd, sealed, 4 + n);
	if (!err)
		f->at += 4 + n;
	else if (ftruncate(f->fd, (off_t)f->at) < 0)
		return errno;
	return err;
}

int tape_file_close(struct tape_file *f)
{
	int err = f->fd >= 0 && fsync(f->fd) < 0 ? errno : 0;

	if (f->fd >= 0)
		close(f->fd);
	f->fd = -1;
	sodium_memzero(&f->stream, sizeof(f->stream));
	return err;
}

/* ---- read ---- */

struct side {
	struct coder *coder;
	int16_t *pcm;
	size_t count, room;
};

struct reading {
	int fd;
	uint64_t at;
	crypto_secretstream_xchacha20poly1305_state stream;
	struct side side[2];
};

static int make_room(struct side *s, size_t count)
{
	size_t room = s->room ? s->room : ROOM_FIRST;
	int16_t *pcm;

	if (count > (size_t)MEDIA_RECORD_MS_MAX * 2 * SAMPLES_A_MS)
		return EBADMSG;
	if (count <= s->room)
		return 0;
	while (room < count)
		room *= 2;
	pcm = realloc(s->pcm, room * sizeof(*pcm));
	if (!pcm)
		return ENOMEM;
	s->pcm = pcm;
	s->room = room;
	return 0;
}

/* Packets follow each other; one that comes much later than the sound before it ended follows a
 * pause, which is silence. */
static int hear_packet(struct side *s, enum codec codec, const uint8_t *payload, size_t len,
		       uint32_t ms)
{
	const size_t due = (size_t)ms * SAMPLES_A_MS;
	int16_t pcm[PACKET_PCM], low[PACKET_PCM];
	size_t gap = due > s->count + GAP_MS * SAMPLES_A_MS ? due - s->count : 0, count;
	int n = coder_decode(s->coder, codec, payload, len, pcm, PACKET_PCM), err;

	if (n <= 0)
		return 0; /* the line's own rubbish: a packet that nobody could play */
	count = coder_down(s->coder, coder_rate(codec), pcm, (size_t)n, low);
	err = make_room(s, s->count + gap + count);
	if (err)
		return err;
	memset(s->pcm + s->count, 0, gap * sizeof(*s->pcm));
	memcpy(s->pcm + s->count + gap, low, count * sizeof(*s->pcm));
	s->count += gap + count;
	return 0;
}

static int hear_block(struct reading *r, const uint8_t *block, size_t len)
{
	size_t at = 0;
	int err = 0;

	while (!err && at + TAPE_RECORD <= len) {
		const uint8_t *head = block + at;
		size_t n = head[2] | (size_t)head[3] << 8;

		at += TAPE_RECORD;
		if (head[0] > TAPE_TO || head[1] >= CODEC_COUNT || n > len - at)
			return EBADMSG;
		err = hear_packet(&r->side[head[0]], (enum codec)head[1], block + at, n,
				  get_le32(head + 4));
		at += n;
	}
	return !err && at != len ? EBADMSG : err;
}

/* ENODATA: the file ends here. */
static int read_all(int fd, void *data, size_t len)
{
	char *at = data;

	while (len > 0) {
		ssize_t n = read(fd, at, len);

		if (n > 0) {
			at += n;
			len -= (size_t)n;
		} else if (n == 0 || errno != EINTR) {
			return n == 0 ? ENODATA : errno;
		}
	}
	return 0;
}

static int read_head(struct reading *r, const uint8_t node[MEDIA_TAPE_KEY])
{
	uint8_t head[TAPE_HEAD], key[MEDIA_TAPE_KEY];
	int err = read_all(r->fd, head, sizeof(head));

	if (err)
		return err;
	if (memcmp(head, TAPE_MAGIC, TAPE_NONCE_AT))
		return EPROTO;
	if (crypto_secretbox_open_easy(key, head + TAPE_KEY_AT,
				       MEDIA_TAPE_KEY + crypto_secretbox_MACBYTES,
				       head + TAPE_NONCE_AT, node))
		return EACCES;
	err = crypto_secretstream_xchacha20poly1305_init_pull(&r->stream, head + TAPE_STREAM_AT,
							      key)
		      ? EBADMSG
		      : 0;
	sodium_memzero(key, sizeof(key));
	r->at = sizeof(head);
	return err;
}

/* EBADMSG: changed; ENODATA: no whole block follows. */
static int read_block(struct reading *r, bool *last)
{
	uint8_t head[4], sealed[TAPE_SEALED], block[TAPE_BLOCK], tag = 0;
	unsigned long long n = 0;
	int err = read_all(r->fd, head, sizeof(head));
	uint32_t len = err ? 0 : get_le32(head);

	if (err)
		return err;
	if (len < crypto_secretstream_xchacha20poly1305_ABYTES || len > sizeof(sealed))
		return EBADMSG;
	err = read_all(r->fd, sealed, len);
	if (err)
		return err;
	if (crypto_secretstream_xchacha20poly1305_pull(&r->stream, block, &n, &tag, sealed, len,
						       NULL, 0))
		return EBADMSG;
	err = hear_block(r, block, (size_t)n);
	if (!err)
		r->at += sizeof(head) + len;
	*last = tag == STREAM_TAG_FINAL;
	return err;
}

static int weave(struct reading *r, struct media_tape_sound *out)
{
	const struct side *a = &r->side[TAPE_FROM], *b = &r->side[TAPE_TO];
	const size_t count = a->count > b->count ? a->count : b->count;

	out->samples = calloc(count ? count : 1, 2 * sizeof(*out->samples));
	if (!out->samples)
		return ENOMEM;
	for (size_t i = 0; i < a->count; i++)
		out->samples[2 * i] = a->pcm[i];
	for (size_t i = 0; i < b->count; i++)
		out->samples[2 * i + 1] = b->pcm[i];
	out->count = count;
	return 0;
}

static int read_tape(struct reading *r, const uint8_t key[MEDIA_TAPE_KEY],
		     struct media_tape_sound *out)
{
	struct media_tape_sound sound = {.state = MEDIA_TAPE_WHOLE};
	bool last = false;
	int err = read_head(r, key);

	for (unsigned i = 0; !err && i < 2; i++)
		err = coder_alloc(&r->side[i].coder);
	if (err)
		return err;
	while (!err && !last)
		err = read_block(r, &last);
	if (err == ENODATA)
		sound.state = MEDIA_TAPE_CUT;
	else if (err == EBADMSG)
		sound.state = MEDIA_TAPE_DAMAGED;
	else if (err)
		return err;
	sound.at = r->at;
	err = weave(r, &sound);
	if (!err)
		*out = sound;
	return err;
}

int media_tape_read(const char *path, const uint8_t key[MEDIA_TAPE_KEY],
		    struct media_tape_sound *out)
{
	struct reading r = {.fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)};
	int err;

	if (r.fd < 0)
		return errno;
	err = sodium_init() < 0 ? ENOSYS : read_tape(&r, key, out);
	close(r.fd);
	sodium_memzero(&r.stream, sizeof(r.stream));
	for (unsigned i = 0; i < 2; i++) {
		coder_free(r.side[i].coder);
		free(r.side[i].pcm);
	}
	return err;
}

#define WAV_HEAD WAV_HEADER
static void stereo_head(uint8_t out[WAV_HEAD], uint32_t bytes)
{
	wav_header(out, 0, RATE);
	put_le32(out + 4, WAV_HEAD - 8 + bytes);
	out[22] = 2; /* channels */
	put_le32(out + 28, RATE * 4);
	out[32] = 4; /* bytes a pair */
	put_le32(out + 40, bytes);
}

int media_tape_wav(const char *path, const uint8_t key[MEDIA_TAPE_KEY], void **bytes, size_t *len,
		   enum media_tape_state *state)
{
	struct media_tape_sound s;
	int err = media_tape_read(path, key, &s);
	size_t n = err ? 0 : s.count * 4;
	uint8_t *room = err ? NULL : realloc(s.samples, WAV_HEAD + n);

	if (err)
		return err;
	if (!room) {
		media_tape_sound_free(&s);
		return ENOMEM;
	}
	memmove(room + WAV_HEAD, room, n);
	stereo_head(room, (uint32_t)n);
	*bytes = room;
	*len = WAV_HEAD + n;
	*state = s.state;
	return 0;
}

void media_tape_sound_free(struct media_tape_sound *s)
{
	free(s->samples);
	s->samples = NULL;
	s->count = 0;
}

/* ---- destroyed ---- */

static int overwrite_key(int fd)
{
	uint8_t noise[TAPE_STREAM_AT - TAPE_NONCE_AT];

	randombytes_buf(noise, sizeof(noise));
	if (pwrite(fd, noise, sizeof(noise), TAPE_NONCE_AT) != (ssize_t)sizeof(noise))
		return errno ? errno : EIO;
	return fsync(fd) < 0 ? errno : 0;
}

int media_tape_destroy(const char *path)
{
	char folder[MEDIA_PATH_MAX];
	int fd, err;

	if (strlen(path) >= sizeof(folder))
		return EINVAL;
	if (sodium_init() < 0)
		return ENOSYS;
	fd = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return errno;
	err = overwrite_key(fd);
	close(fd);
	if (!err && unlink(path) < 0)
		err = errno;
	if (err)
		return err;
	memcpy(folder, path, strlen(path) + 1);
	fd = open(dirname(folder), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return errno;
	err = fsync(fd) < 0 ? errno : 0;
	close(fd);
	return err;
}
