/*
 * The offer of a browser and our answer to it, as text and values. Pure: what a stranger sends is
 * read here and nowhere else. RFC 8866, RFC 8839 (ICE), RFC 8122 (fingerprints), RFC 8842 (DTLS),
 * RFC 9143 (BUNDLE), RFC 8829; the fragment of a restart: RFC 8840.
 */
#ifndef MEDIA_WEB_SDP_H
#define MEDIA_WEB_SDP_H

#include "media/media.h"

#define WEB_FINGERPRINT 32 /* bytes of a SHA-256 */
#define WEB_UFRAG_MAX   256
#define WEB_PWD_MIN     22
#define WEB_PWD_MAX     256
#define WEB_TOKEN       33 /* of a mid, a protocol, a format, with terminator */

struct web_section {
	char kind[WEB_TOKEN], proto[WEB_TOKEN], format[WEB_TOKEN], mid[WEB_TOKEN];
	uint16_t port;
};

struct web_offer {
	struct web_section section[MEDIA_WEB_SECTIONS_MAX];
	unsigned sections, audio; /* audio: index of the section that we take */
	bool bundle;
	char ufrag[WEB_UFRAG_MAX + 1], pwd[WEB_PWD_MAX + 1];
	uint8_t fingerprint[WEB_FINGERPRINT];
	enum codec codec;
	uint8_t type, event_type; /* event_type 0: no RFC 4733 of the codec's clock */
};

enum media_web_refusal web_offer_read(const char *text, size_t len, bool no_opus,
				      struct web_offer *out);

/* A fragment with name and password ("" when it has candidates only). */
enum media_web_refusal web_fragment_read(const char *text, size_t len, struct web_offer *out);

struct web_ours {
	char ufrag[WEB_TOKEN], pwd[WEB_TOKEN];
	uint8_t fingerprint[WEB_FINGERPRINT];
	struct stream_address local; /* as told */
	char local_ip[46];           /* bound; a candidate too where it differs. "" none */
	uint32_t ssrc;
	uint64_t session;
};

/* EOVERFLOW when it doesn't fit. */
int web_answer_write(const struct web_offer *o, const struct web_ours *ours, char *out, size_t cap);
int web_fragment_write(const char *mid, const struct web_ours *ours, char *out, size_t cap);

#endif
