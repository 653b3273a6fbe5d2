/*
 * WAV files, read strictly: what isn't as it says is refused with the reason.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "media/codec.h"
#include "media/room.h"

#define FORMAT_PCM        1
#define FORMAT_ALAW       6
#define FORMAT_ULAW       7
#define FORMAT_EXTENSIBLE 0xFFFE
#define FILE_MAX          (64U + MEDIA_CLIP_MS_MAX / 1000U * 48000U * 2U + 65536U)

static uint16_t get16(const uint8_t *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}

static uint32_t get32(const uint8_t *p)
{
	return (uint32_t)get16(p) | (uint32_t)get16(p + 2) << 16;
}

static void put16(uint8_t *p, unsigned v)
{
	p[0] = (uint8_t)v;
	p[1] = (uint8_t)(v >> 8);
}

static void put32(uint8_t *p, uint32_t v)
{
	put16(p, v & 0xFFFF);
	put16(p + 2, v >> 16);
}

void wav_header(uint8_t out[WAV_HEADER], uint32_t samples, unsigned rate)
{
	memcpy(out, "RIFF", 4);
	put32(out + 4, WAV_HEADER - 8 + samples * 2);
	memcpy(out + 8, "WAVEfmt ", 8);
	put32(out + 16, 16);
	put16(out + 20, FORMAT_PCM);
	put16(out + 22, 1);
	put32(out + 24, rate);
	put32(out + 28, rate * 2);
	put16(out + 32, 2);
	put16(out + 34, 16);
	memcpy(out + 36, "data", 4);
	put32(out + 40, samples * 2);
}

struct format {
	bool known;
	unsigned tag, bits;
	uint32_t rate;
};

static int refuse(struct media_wav_error *error, enum media_wav_fault fault, uint32_t found,
		  uint32_t expected)
{
	if (error)
		*error = (struct media_wav_error){fault, found, expected};
	return EBADMSG;
}

static int read_format(const uint8_t *chunk, size_t len, struct format *f,
		       struct media_wav_error *error)
{
	unsigned tag, channels, bits;
	uint32_t rate;

	if (len < 16)
		return refuse(error, MEDIA_WAV_TRUNCATED, (uint32_t)len, 16);
	tag = get16(chunk);
	if (tag == FORMAT_EXTENSIBLE && len >= 26)
		tag = get16(chunk + 24);
	channels = get16(chunk + 2);
	rate = get32(chunk + 4);
	bits = get16(chunk + 14);
	if (channels != 1)
		return refuse(error, MEDIA_WAV_CHANNELS, channels, 1);
	if (rate < 8000 || rate > 48000)
		return refuse(error, MEDIA_WAV_RATE, rate, 8000);
	if (!(tag == FORMAT_PCM && bits == 16) &&
	    !((tag == FORMAT_ALAW || tag == FORMAT_ULAW) && bits == 8))
		return refuse(error, MEDIA_WAV_FORMAT, tag, FORMAT_PCM);
	*f = (struct format){true, tag, bits, rate};
	return 0;
}

static int read_samples(const uint8_t *chunk, size_t len, const struct format *f,
			struct media_wav *wav, struct media_wav_error *error)
{
	const size_t count = len / (f->bits / 8);
	int16_t *samples;

	if (count == 0)
		return refuse(error, MEDIA_WAV_EMPTY, 0, 1);
	if ((uint64_t)count * 1000 / f->rate > MEDIA_CLIP_MS_MAX)
		return refuse(error, MEDIA_WAV_TOO_LONG,
			      (uint32_t)((uint64_t)count * 1000 / f->rate), MEDIA_CLIP_MS_MAX);
	samples = malloc(count * sizeof(*samples));
	if (!samples)
		return ENOMEM;
	for (size_t i = 0; i < count; i++) {
		if (f->tag == FORMAT_PCM)
			samples[i] = (int16_t)get16(chunk + i * 2);
		else if (f->tag == FORMAT_ALAW)
			samples[i] = codec_alaw_linear(chunk[i]);
		else
			samples[i] = codec_ulaw_linear(chunk[i]);
	}
	*wav = (struct media_wav){samples, count, f->rate};
	return 0;
}

int media_wav_parse(const uint8_t *data, size_t len, struct media_wav *wav,
		    struct media_wav_error *error)
{
	struct format f = {.known = false};
	size_t at = 12;

	if (error)
		*error = (struct media_wav_error){MEDIA_WAV_OK, 0, 0};
	if (len < 12 || memcmp(data, "RIFF", 4) != 0 || memcmp(data + 8, "WAVE", 4) != 0)
		return refuse(error, MEDIA_WAV_NOT_WAV, 0, 0);
	while (len - at >= 8) {
		const uint8_t *chunk = data + at + 8;
		const uint32_t size = get32(data + at + 4);
		const size_t left = len - at - 8;

		if (size > left)
			return refuse(error, MEDIA_WAV_TRUNCATED, (uint32_t)left, size);
		if (memcmp(data + at, "fmt ", 4) == 0) {
			int err = read_format(chunk, size, &f, error);

			if (err)
				return err;
		} else if (memcmp(data + at, "data", 4) == 0) {
			if (!f.known)
				return refuse(error, MEDIA_WAV_FORMAT, 0, FORMAT_PCM);
			return read_samples(chunk, size, &f, wav, error);
		}
		at += 8 + (size_t)size + (size & 1);
		if (at > len)
			break;
	}
	return refuse(error, f.known ? MEDIA_WAV_EMPTY : MEDIA_WAV_NOT_WAV, 0, 0);
}

static int read_file(const char *path, uint8_t **data, size_t *len)
{
	struct stat st;
	uint8_t *room = NULL;
	size_t got = 0;
	int err = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return errno;
	if (fstat(fd, &st) < 0)
		err = errno;
	else if (!S_ISREG(st.st_mode))
		err = EISDIR;
	else if (st.st_size > (off_t)FILE_MAX)
		err = EFBIG;
	if (err)
		goto out;
	room = malloc((size_t)st.st_size + 1);
	if (!room) {
		err = ENOMEM;
		goto out;
	}
	while (got < (size_t)st.st_size) {
		ssize_t n = read(fd, room + got, (size_t)st.st_size - got);

		if (n <= 0) {
			err = n < 0 ? errno : EIO;
			goto out;
		}
		got += (size_t)n;
	}
	*data = room;
	*len = got;
	room = NULL;
out:
	free(room);
	close(fd);
	return err;
}

int media_wav_read(const char *path, struct media_wav *wav, struct media_wav_error *error)
{
	uint8_t *data = NULL;
	size_t len = 0;
	int err = read_file(path, &data, &len);

	if (err == EFBIG)
		return refuse(error, MEDIA_WAV_TOO_LONG, MEDIA_CLIP_MS_MAX, MEDIA_CLIP_MS_MAX);
	if (err) {
		refuse(error, MEDIA_WAV_UNREADABLE, (uint32_t)err, 0);
		return err;
	}
	err = media_wav_parse(data, len, wav, error);
	free(data);
	return err;
}

void media_wav_free(struct media_wav *wav)
{
	free(wav->samples);
	wav->samples = NULL;
	wav->count = 0;
}

int media_wav_write(const char *path, const int16_t *samples, size_t count, unsigned rate)
{
	char temporary[MEDIA_PATH_MAX + 8];
	uint8_t header[WAV_HEADER];
	FILE *f;
	int err = 0;

	if (strlen(path) >= MEDIA_PATH_MAX)
		return ENAMETOOLONG;
	if (count > (UINT32_MAX - WAV_HEADER) / 2)
		return EFBIG;
	snprintf(temporary, sizeof(temporary), "%s.part", path);
	f = fopen(temporary, "wbe");
	if (!f)
		return errno;
	wav_header(header, (uint32_t)count, rate);
	if (fwrite(header, sizeof(header), 1, f) != 1 ||
	    fwrite(samples, sizeof(*samples), count, f) != count || fflush(f) != 0 ||
	    fsync(fileno(f)) < 0)
		err = errno ? errno : EIO;
	if (fclose(f) != 0 && !err)
		err = errno;
	if (!err && rename(temporary, path) < 0)
		err = errno;
	if (err)
		unlink(temporary);
	return err;
}

const char *media_wav_fault_name(enum media_wav_fault fault)
{
	switch (fault) {
	case MEDIA_WAV_OK:
		return "ok";
	case MEDIA_WAV_UNREADABLE:
		return "unreadable";
	case MEDIA_WAV_NOT_WAV:
		return "not_wav";
	case MEDIA_WAV_TRUNCATED:
		return "truncated";
	case MEDIA_WAV_FORMAT:
		return "format";
	case MEDIA_WAV_CHANNELS:
		return "channels";
	case MEDIA_WAV_RATE:
		return "rate";
	case MEDIA_WAV_EMPTY:
		return "empty";
	case MEDIA_WAV_TOO_LONG:
		return "too_long";
	}
	return "";
}
