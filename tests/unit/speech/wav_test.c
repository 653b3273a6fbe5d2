/* WAV files: what is taken, and each way in which a file may lie. */
#include <errno.h>

#include "folder.h"
#include "speech/wav.h"

enum { HEADER = 44 };

static void header(uint8_t *h, unsigned tag, unsigned channels, unsigned rate, unsigned bits,
		   uint32_t data)
{
	const uint32_t words[][2] = {{4, data + 36},
				     {16, 16},
				     {20, tag | channels << 16},
				     {24, rate},
				     {28, rate * channels * bits / 8},
				     {32, channels * bits / 8 | bits << 16},
				     {40, data}};

	memcpy(h, "RIFF____WAVEfmt ____________________data", 40);
	for (size_t i = 0; i < 7; i++)
		for (int b = 0; b < 4; b++)
			h[words[i][0] + (unsigned)b] = (uint8_t)(words[i][1] >> 8 * b);
}

static int parse(const uint8_t *d, size_t n, struct speech_sound *out, char *why)
{
	uint8_t *exact = malloc(n ? n : 1); /* so that the sanitizer sees a step too far */
	int err;

	memcpy(exact, d, n);
	err = wav_parse(exact, n, out, why);
	free(exact);
	return err;
}

static void taken(void **state)
{
	static const uint8_t samples[8] = {0x00, 0x40, 0x00, 0xC0, 0xFF, 0x7F, 0x00, 0x80};
	uint8_t d[HEADER + 8];
	struct speech_sound s;
	char why[WAV_WHY];

	(void)state;
	memcpy(d + HEADER, samples, 8);
	header(d, 1, 1, 8000, 16, 8);
	assert_int_equal(parse(d, sizeof(d), &s, why), 0);
	assert_int_equal(s.count, 4);
	assert_int_equal(s.rate, 8000);
	assert_int_equal(s.samples[0], 0x4000);
	assert_int_equal(s.samples[3], -32768);
	speech_sound_free(&s);
	header(d, 1, 2, 44100, 16, 8);
	assert_int_equal(parse(d, sizeof(d), &s, why), 0);
	assert_int_equal(s.count, 2);
	assert_int_equal(s.samples[0], 0);
	speech_sound_free(&s);
	header(d, 1, 1, 16000, 8, 8);
	assert_int_equal(parse(d, sizeof(d), &s, why), 0);
	assert_int_equal(s.count, 8);
	assert_int_equal(s.samples[1], (0x40 - 128) * 256);
	speech_sound_free(&s);
}

static void refused(void **state)
{
	static const struct {
		unsigned tag, channels, rate, bits;
		uint32_t data;
		size_t size;
		int at; /* byte to be changed, -1 none */
		uint8_t value;
		const char *why;
	} cases[] = {
	    {1, 1, 8000, 16, 8, 0, -1, 0, "not a WAV"},
	    {1, 1, 8000, 16, 8, 52, 0, 'X', "not a WAV"},
	    {3, 1, 8000, 32, 8, 52, -1, 0, "not PCM"},
	    {6, 1, 8000, 8, 8, 52, -1, 0, "not PCM"},
	    {1, 3, 8000, 16, 6, 50, -1, 0, "channels"},
	    {1, 0, 8000, 16, 8, 52, -1, 0, "channels"},
	    {1, 1, 0, 16, 8, 52, -1, 0, "rate"},
	    {1, 1, 8000, 12, 8, 52, -1, 0, "bits"},
	    {1, 1, 8000, 16, 7, 51, -1, 0, "within a sample"},
	    {1, 1, 8000, 16, 0, 44, -1, 0, "no sound"},
	    {1, 1, 8000, 16, 16, 52, -1, 0, "RIFF length is beyond"},
	    {1, 1, 8000, 16, 0xFFFFFFF0u, 52, -1, 0, "length"},
	    {1, 1, 8000, 16, 4, 52, -1, 0, "goes on"},
	    {1, 1, 8000, 16, 8, 52, 40, 9, "chunk's length"},
	    {1, 1, 8000, 16, 8, 52, 43, 0xFF, "chunk's length"},
	    {1, 1, 8000, 16, 8, 52, 16, 255, "chunk's length"},
	    {1, 1, 8000, 16, 8, 52, 12, 'x', "before a fmt"},
	    {1, 1, 8000, 16, 8, 52, 36, 'x', "no data"},
	    {1, 1, 8000, 16, 8, 52, 32, 4, "block size"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t d[64] = {0};
		struct speech_sound s = {.rate = 7};
		char why[WAV_WHY] = "";

		header(d, cases[i].tag, cases[i].channels, cases[i].rate, cases[i].bits,
		       cases[i].data);
		if (cases[i].at >= 0)
			d[cases[i].at] = cases[i].value;
		assert_int_equal(parse(d, cases[i].size, &s, why), EINVAL);
		assert_int_equal(s.rate, 7);
		if (!strstr(why, cases[i].why))
			fail_msg("case %zu: \"%s\" does not say \"%s\"", i, why, cases[i].why);
	}
}

/* Every file that is cut short anywhere is refused. */
static void cut(void **state)
{
	uint8_t d[HEADER + 8] = {0};
	struct speech_sound s;
	char why[WAV_WHY];

	(void)state;
	header(d, 1, 1, 8000, 16, 8);
	for (size_t n = 0; n < sizeof(d) - 1; n++)
		assert_int_equal(parse(d, n, &s, why), EINVAL);
}

static void round_trip(void **state)
{
	int16_t samples[] = {0, 1, -1, 32767, -32768};
	struct speech_sound in = {samples, 5, 16000}, out;
	char why[WAV_WHY];

	(void)state;
	assert_int_equal(wav_write(folder_path("a.wav"), &in), 0);
	assert_int_equal(wav_read(folder_path("a.wav"), &out, why), 0);
	assert_int_equal(out.count, 5);
	assert_memory_equal(out.samples, samples, sizeof(samples));
	speech_sound_free(&out);
	assert_int_equal(wav_read(folder_path("b.wav"), &out, why), ENOENT);
	assert_int_equal(wav_read(folder, &out, why), EINVAL);
	assert_int_equal(wav_write(folder_path("no/a.wav"), &in), ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(taken),
	    cmocka_unit_test(refused),
	    cmocka_unit_test(cut),
	    cmocka_unit_test_setup_teardown(round_trip, folder_make, folder_remove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
