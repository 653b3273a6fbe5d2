/*
 * What the API asks app about browsers' sound: an operator's headset, and the sample's telephones.
 * Shapes: api/openapi.yaml.
 */
#ifndef APP_API_SOUND_H
#define APP_API_SOUND_H

#include <stddef.h>

#define API_OFFER_BYTES 65536
#define API_SOUND_ID	40

enum api_sound_what {
	API_HEADSET_OPEN,    /* text is the offer; {"id","sdp"} */
	API_HEADSET_RESTART, /* text is the fragment; {"sdp"}, "" when there is nothing to tell */
	API_HEADSET_CLOSE,
	API_PHONE_OPEN,	 /* as, number; SamplePhone with token */
	API_PHONE_SOUND, /* as API_HEADSET_OPEN, without id */
	API_PHONE_SHOW,	 /* SamplePhone */
	API_PHONE_ACT,	 /* act, number, digit, behaviour; SamplePhone */
	API_PHONE_CLOSE
};

struct api_sound {
	enum api_sound_what what;
	char id[API_SOUND_ID]; /* of the headset; token of the phone */
	char as[16], number[32], act[12], behaviour[12];
	char digit;
	const char *text;
	size_t len;
};

#endif
