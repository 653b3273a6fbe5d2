/*
 * A browser for tests: a phone with ICE checks and DTLS-SRTP before its sound.
 */
#ifndef TEST_BROWSER_H
#define TEST_BROWSER_H

#include <openssl/ssl.h>

#include "phone.h"

struct browser {
	struct phone phone;
	char ufrag[16], pwd[32];             /* ours */
	char leg_ufrag[64], leg_pwd[64];     /* of the answer */
	SSL_CTX *ctx;
	SSL *ssl;
	char fingerprint[96];
	uint8_t tid[12]; /* of the last check */
};

void browser_open(struct browser *b, enum codec c);
void browser_close(struct browser *b);
/* An offer as Chromium makes it, the named codec first; `extra` lines stand at its end. */
const char *browser_offer(const struct browser *b, const char *extra);
/* Reads name, password and port of an answer or of a fragment. */
void browser_answer(struct browser *b, const char *text);
/* An ICE check from socket fd (-1: the browser's own). True when it was answered. */
bool browser_check(struct browser *b, int fd, bool nominate);
size_t browser_check_make(struct browser *b, const char *pwd, bool nominate, uint8_t *out,
			  size_t cap);
bool browser_check_answered(const struct browser *b, int fd);
/* DTLS, then keys. False when it failed. */
bool browser_shake(struct browser *b);
/* All of it: leg `key` is open, MEDIA_EV_WEB_UP has come. */
void browser_call(struct browser *b, struct media *m, uint32_t key);

#endif
