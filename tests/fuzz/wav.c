/* Recordings that a person hands in: both readers. */
#include <stdlib.h>
#include <string.h>

#include "media/media.h"
#include "speech/wav.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct media_wav wav = {NULL, 0, 0};
	struct media_wav_error error;
	struct speech_sound sound = {NULL, 0, 0};
	char why[WAV_WHY] = "";
	int err = media_wav_parse(data, size, &wav, &error);

	if ((err != 0) != (wav.samples == NULL))
		abort();
	if (err && !media_wav_fault_name(error.fault)[0])
		abort();
	if (!err && (!wav.count || wav.rate < 8000 || wav.rate > 48000))
		abort();
	media_wav_free(&wav);
	err = wav_parse(data, size, &sound, why);
	if ((err != 0) != (why[0] != '\0') || (err != 0) != (sound.samples == NULL))
		abort();
	if (!err && (!sound.count || sound.rate < 8000 || sound.rate > 192000))
		abort();
	free(sound.samples);
	return 0;
}
