#include "speech/wav.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	WAV_TAG_PCM = 1,
	WAV_TAG_EXTENSIBLE = 0xFFFE,
	WAV_HEADER = 44, /* bytes of the header that we write */
};

struct wav_format {
	unsigned channels, rate, bits;
	bool known;
};

static unsigned le16(const uint8_t *p)
{
	return (unsigned)p[0] | (unsigned)p[1] << 8;
}

static uint32_t le32(const uint8_t *p)
{
	return le16(p) | (uint32_t)le16(p + 2) << 16;
}

static int fault(char *why, const char *what)
{
	snprintf(why, WAV_WHY, "%s", what);
	return EINVAL;
}

static const char *format_fault(const struct wav_format *f, unsigned tag, unsigned block)
{
	if (tag != WAV_TAG_PCM)
		return "not PCM (format tag must be 1)";
	if (f->channels < 1 || f->channels > 2)
		return "expected 1 or 2 channels";
	if (f->rate < 8000 || f->rate > 192000)
		return "expected a rate of 8000 to 192000 Hz";
	if (f->bits != 8 && f->bits != 16 && f->bits != 24 && f->bits != 32)
		return "expected 8, 16, 24 or 32 bits";
	if (block != f->channels * f->bits / 8)
		return "block size does not fit channels and bits";
	return NULL;
}

static int format_parse(const uint8_t *p, size_t n, struct wav_format *f, char *why)
{
	/* what follows the tag in the GUID of an extensible format */
	static const uint8_t guid_tail[14] = {0x00, 0x00, 0x00, 0x00, 0x10, 0x00, 0x80,
					      0x00, 0x00, 0xAA, 0x00, 0x38, 0x9B, 0x71};
	const char *what;
	unsigned tag;

	if (f->known)
		return fault(why, "two fmt chunks");
	if (n < 16)
		return fault(why, "fmt chunk is too short");
	tag = le16(p);
	if (tag == WAV_TAG_EXTENSIBLE && n >= 40 && memcmp(p + 26, guid_tail, 14) == 0)
		tag = le16(p + 24);
	f->channels = le16(p + 2);
	f->rate = le32(p + 4);
	f->bits = le16(p + 14);
	what = format_fault(f, tag, le16(p + 12));
	if (what)
		return fault(why, what);
	f->known = true;
	return 0;
}

static int sample_at(const uint8_t *p, unsigned bits)
{
	switch (bits) {
	case 8:
		return ((int)p[0] - 128) * 256;
	case 16:
		return (int16_t)le16(p);
	default: /* 24 and 32 bits: their upper 16 */
		return (int16_t)le16(p + bits / 8 - 2);
	}
}

static int data_parse(const uint8_t *p, size_t n, const struct wav_format *f,
		      struct speech_sound *out, char *why)
{
	size_t block = (size_t)f->channels * f->bits / 8, count = n / block;
	int16_t *samples;

	if (n % block)
		return fault(why, "data chunk ends within a sample");
	if (count == 0)
		return fault(why, "no sound in it");
	if (count > (size_t)f->rate * SPEECH_SECONDS_MAX)
		return fault(why, "longer than 120 seconds");
	samples = malloc(count * sizeof(*samples));
	if (!samples)
		return ENOMEM;
	for (size_t i = 0; i < count; i++) {
		int sum = 0;

		for (unsigned c = 0; c < f->channels; c++)
			sum += sample_at(p + i * block + c * f->bits / 8, f->bits);
		samples[i] = (int16_t)(sum / (int)f->channels);
	}
	*out = (struct speech_sound){samples, count, f->rate};
	return 0;
}

int wav_parse(const uint8_t *data, size_t size, struct speech_sound *out, char *why)
{
	struct wav_format f = {0};
	size_t pos = 12, end;

	if (size < 12 || memcmp(data, "RIFF", 4) != 0 || memcmp(data + 8, "WAVE", 4) != 0)
		return fault(why, "not a WAV file (no RIFF/WAVE at its start)");
	end = (size_t)le32(data + 4) + 8;
	if (end > size)
		return fault(why, "RIFF length is beyond the end of the file");
	if (end + 1 < size)
		return fault(why, "the file goes on after its RIFF length");
	while (pos + 8 <= end) {
		const uint8_t *chunk = data + pos;
		size_t n = le32(chunk + 4);
		int err = 0;

		if (n > end - pos - 8)
			return fault(why, "a chunk's length is beyond the end of the file");
		if (memcmp(chunk, "fmt ", 4) == 0)
			err = format_parse(chunk + 8, n, &f, why);
		else if (memcmp(chunk, "data", 4) == 0)
			return f.known ? data_parse(chunk + 8, n, &f, out, why)
				       : fault(why, "data chunk before a fmt chunk");
		if (err)
			return err;
		pos += 8 + n + (n & 1);
	}
	return fault(why, "no data chunk");
}

/* The whole of an open file, no more than it said it had. */
static int fd_load(int fd, uint8_t **data, size_t *size)
{
	struct stat st;
	uint8_t *d;
	size_t have = 0;
	ssize_t n = 1;

	if (fstat(fd, &st) < 0)
		return errno;
	if (!S_ISREG(st.st_mode))
		return EINVAL;
	if (st.st_size > WAV_FILE_MAX)
		return EFBIG;
	d = malloc((size_t)st.st_size + 1);
	if (!d)
		return ENOMEM;
	while (have < (size_t)st.st_size && n != 0) {
		n = read(fd, d + have, (size_t)st.st_size - have);
		if (n < 0 && errno != EINTR) {
			int err = errno;

			free(d);
			return err;
		}
		have += n > 0 ? (size_t)n : 0;
	}
	*data = d;
	*size = have;
	return 0;
}

int wav_read(const char *path, struct speech_sound *out, char *why)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	int err = fd < 0 ? errno : 0;
	uint8_t *data = NULL;
	size_t size = 0;

	if (!err)
		err = fd_load(fd, &data, &size);
	if (err)
		snprintf(why, WAV_WHY, "%s", strerror(err));
	else
		err = wav_parse(data, size, out, why);
	free(data);
	if (fd >= 0)
		close(fd);
	return err;
}

static void header_fill(uint8_t *h, size_t data_bytes, unsigned rate)
{
	uint32_t words[][2] = {{4, (uint32_t)data_bytes + WAV_HEADER - 8},
			       {16, 16},
			       {20, WAV_TAG_PCM | 1u << 16},
			       {24, rate},
			       {28, rate * 2},
			       {32, 2 | 16u << 16},
			       {40, (uint32_t)data_bytes}};

	memcpy(h, "RIFF____WAVEfmt ", 16);
	memcpy(h + 36, "data", 4);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		for (unsigned b = 0; b < 4; b++)
			h[words[i][0] + b] = (uint8_t)(words[i][1] >> 8 * b);
}

int wav_bytes(const struct speech_sound *sound, uint8_t **out, size_t *size)
{
	const size_t len = WAV_HEADER + sound->count * 2;
	uint8_t *bytes = malloc(len);

	if (!bytes)
		return ENOMEM;
	header_fill(bytes, sound->count * 2, sound->rate);
	for (size_t i = 0; i < sound->count; i++) {
		const uint16_t v = (uint16_t)sound->samples[i];

		bytes[WAV_HEADER + 2 * i] = (uint8_t)(v & 0xFF);
		bytes[WAV_HEADER + 2 * i + 1] = (uint8_t)(v >> 8);
	}
	*out = bytes;
	*size = len;
	return 0;
}

int wav_write(const char *path, const struct speech_sound *sound)
{
	static atomic_uint serial;
	uint8_t *bytes = NULL;
	size_t size = 0;
	char temp[1024];
	FILE *f;
	int err;

	if (snprintf(temp, sizeof(temp), "%s.%ld-%u.tmp", path, (long)getpid(),
		     atomic_fetch_add(&serial, 1)) >= (int)sizeof(temp))
		return ENAMETOOLONG;
	err = wav_bytes(sound, &bytes, &size);
	if (err)
		return err;
	f = fopen(temp, "wbe");
	err = f ? 0 : errno;
	if (f && fwrite(bytes, 1, size, f) != size)
		err = errno ? errno : EIO;
	free(bytes);
	if (!f)
		return err;
	if (fclose(f) != 0 && !err)
		err = errno;
	if (!err && rename(temp, path) < 0)
		err = errno;
	if (err)
		unlink(temp);
	return err;
}
