#include <errno.h>
#include <pthread.h>
#include <string.h>

#include <sodium.h>

#include "http/http.h"

#define PASSES 2
#define MEMORY (19u << 20)

_Static_assert(HTTP_PASSWORD_HASH >= crypto_pwhash_STRBYTES, "hash has no room");

int http_password_hash(const char *password, char out[HTTP_PASSWORD_HASH])
{
	char hash[crypto_pwhash_STRBYTES] = "";

	if (sodium_init() < 0)
		return EIO;
	if (crypto_pwhash_str_alg(hash, password, strlen(password), PASSES, MEMORY,
				  crypto_pwhash_ALG_ARGON2ID13) != 0)
		return ENOMEM;
	memset(out, 0, HTTP_PASSWORD_HASH);
	memcpy(out, hash, sizeof(hash));
	return 0;
}

static char nobody[HTTP_PASSWORD_HASH];

static void make_nobody(void)
{
	char random[33];

	if (sodium_init() < 0)
		return;
	randombytes_buf(random, sizeof(random) - 1);
	random[sizeof(random) - 1] = '\0';
	http_password_hash(random, nobody);
}

bool http_password_verify(const char *hash, const char *password)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	bool right;

	pthread_once(&once, make_nobody);
	if (strlen(password) > HTTP_PASSWORD_BYTES)
		return false;
	right = crypto_pwhash_str_verify(hash ? hash : nobody, password, strlen(password)) == 0;
	return right && hash;
}
