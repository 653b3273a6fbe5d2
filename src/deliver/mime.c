/* Headers of a mail whose words aren't ASCII. */
#include "deliver/priv.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define WORD_BYTES 45 /* of text in one encoded word: 60 of base64 and 12 around it */

static bool plain(const char *text)
{
	for (const char *t = text; *t; t++)
		if (*t < 0x20 || *t > 0x7e)
			return false;
	return strlen(text) <= WORD_BYTES && !strstr(text, "=?");
}

/* As many whole characters as fit into one word. */
static size_t piece(const char *text)
{
	size_t n = strlen(text);

	if (n <= WORD_BYTES)
		return n;
	n = WORD_BYTES;
	while (n > 0 && ((unsigned char)text[n] & 0xC0) == 0x80)
		n--;
	return n ? n : WORD_BYTES;
}

int deliver_mime_words(char *out, size_t cap, const char *text)
{
	char word[2 * WORD_BYTES];
	int err = 0;

	out[0] = '\0';
	if (plain(text))
		return text_copy(out, cap, text);
	while (*text && !err) {
		size_t n = piece(text);

		sodium_bin2base64(word, sizeof(word), (const unsigned char *)text, n,
				  sodium_base64_VARIANT_ORIGINAL);
		err = text_append(out, cap, "%s=?UTF-8?B?%s?=", out[0] ? "\r\n " : "", word);
		text += n;
	}
	return err;
}

/* Percent-encoded but for what RFC 2231 leaves as it is. */
static int percent(char *out, size_t cap, const char *text)
{
	static const char kept[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				   "0123456789-._~";
	int err = 0;

	for (; *text && !err; text++)
		err = strchr(kept, *text) ? text_append(out, cap, "%c", *text)
					  : text_append(out, cap, "%%%02X", (unsigned char)*text);
	return err;
}

int deliver_escape(char *out, size_t cap, const char *text)
{
	out[0] = '\0';
	return percent(out, cap, text);
}

int deliver_mime_disposition(char *out, size_t cap, const char *name)
{
	int err = text_copy(out, cap, "attachment;\r\n filename*=UTF-8''");

	return err ? err : percent(out, cap, name);
}

void deliver_mime_date(char *out, size_t cap, int64_t at_ms)
{
	static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
	static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
					     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	time_t t = (time_t)(at_ms / 1000);
	struct tm tm;
	long zone;

	localtime_r(&t, &tm);
	zone = tm.tm_gmtoff / 60;
	snprintf(out, cap, "%s, %d %s %d %02d:%02d:%02d %c%02ld%02ld", days[tm.tm_wday], tm.tm_mday,
		 months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec,
		 zone < 0 ? '-' : '+', labs(zone) / 60, labs(zone) % 60);
}

void deliver_sign(char *out, size_t cap, const void *key, size_t key_len, const char *text)
{
	crypto_auth_hmacsha256_state s;
	unsigned char mac[crypto_auth_hmacsha256_BYTES];

	crypto_auth_hmacsha256_init(&s, key, key_len);
	crypto_auth_hmacsha256_update(&s, (const unsigned char *)text, strlen(text));
	crypto_auth_hmacsha256_final(&s, mac);
	sodium_bin2base64(out, cap, mac, sizeof(mac), sodium_base64_VARIANT_ORIGINAL);
}
