/*
 * WAV files (RIFF, Microsoft's "Multimedia Programming Interface and Data Specifications 1.0"),
 * strictly: PCM of 8, 16, 24 or 32 bits, 1 or 2 channels (made one), 8 to 192 kHz, lengths that are
 * true. Anything else is an error with its reason.
 */
#ifndef SPEECH_WAV_H
#define SPEECH_WAV_H

#include <stddef.h>
#include <stdint.h>

#include "speech/speech.h"

#define WAV_FILE_MAX (48u << 20) /* bytes of a file that is read */
#define WAV_WHY	     160

/* Mono samples at the file's own rate. Errors: EINVAL with `why` (WAV_WHY bytes), ENOMEM. */
int wav_parse(const uint8_t *data, size_t size, struct speech_sound *out, char *why);

/* Errors: errno of open and read, EFBIG, EINVAL and ENOMEM as above. `why` names the fault. */
int wav_read(const char *path, struct speech_sound *out, char *why);

/* The file's bytes, for free(). ENOMEM. */
int wav_bytes(const struct speech_sound *sound, uint8_t **out, size_t *size);

/* Writes beside and renames: a reader sees the old file or the whole new one. errno. */
int wav_write(const char *path, const struct speech_sound *sound);

#endif
