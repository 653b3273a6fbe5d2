#include "app/api/api.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "app/api/body.h"
#include "app/api/internal.h"
#include "base/text.h"

#define DESK (API_OPERATOR | API_MANAGER | API_ADMIN)

/* The route table of /api/v1; api/openapi.yaml describes it, tests/house/openapi.py compares. */
static const struct http_route table[] = {
    {"POST", "/api/v1/session", "signIn", 0, 4096, api_session_open, NULL},
    {"GET", "/api/v1/session", "showSession", API_ALL, 0, api_session_show, NULL},
    {"DELETE", "/api/v1/session", "signOut", API_ALL, 0, api_session_close, NULL},
    {"POST", "/api/v1/session/link", "askLink", 0, 1024, api_link_ask, NULL},
    {"POST", "/api/v1/session/pin", "signInByPin", 0, 512, api_pin_enter, NULL},
    {"GET", "/enter/{token}", "showEnter", 0, 0, api_enter_show, NULL},
    {"POST", "/enter/{token}", "enter", 0, 256, api_enter, "application/x-www-form-urlencoded"},
    {"GET", "/api/v1/my", "showMine", API_ALL, 0, api_mine, NULL},
    {"GET", "/api/v1/my/messages", "listMine", API_ALL, 0, api_mine_messages, NULL},
    {"POST", "/api/v1/my/messages/{id}/opening", "openMine", API_ALL, 256, api_mine_open, NULL},
    {"GET", "/api/v1/my/messages/{id}/sound", "hearMine", API_ALL, 0, api_mine_sound, NULL},
    {"POST", "/api/v1/my/messages/{id}/done", "finishMine", API_ALL, 1024, api_mine_done, NULL},
    {"PUT", "/api/v1/my/absence", "setMyAbsence", API_ALL, 1024, api_mine_absence, NULL},
    {"DELETE", "/api/v1/my/absence", "endMyAbsence", API_ALL, 0, api_mine_back, NULL},
    {"PUT", "/api/v1/my/forward", "setMyForward", API_ALL, 1024, api_mine_forward, NULL},
    {"PUT", "/api/v1/my/reading", "setMyReading", API_ALL, 4096, api_mine_reading, NULL},
    {"GET", "/api/v1/my/reading/sound", "hearMyReading", API_ALL, 0, api_mine_reading_sound, NULL},
    {"PUT", "/api/v1/my/pin", "setMyPin", API_ALL, 512, api_mine_pin, NULL},
    {"PUT", "/api/v1/my/order", "setMyOrder", API_ALL, 1024, api_mine_order, NULL},
    {"GET", "/api/v1/events", "streamEvents", API_ALL, 0, NULL, NULL},
    {"GET", "/api/v1/switchboard", "showSwitchboard", DESK, 0, api_switchboard, NULL},
    {"GET", "/api/v1/calls", "listCalls", DESK, 0, api_calls, NULL},
    {"GET", "/api/v1/calls/{no}", "showCall", DESK, 0, api_call, NULL},
    {"GET", "/api/v1/legs", "listLegs", API_MANAGER | API_ADMIN, 0, api_legs, NULL},
    {"GET", "/api/v1/registrations", "listRegistrations", API_MANAGER | API_ADMIN, 0,
     api_registrations, NULL},
    {"GET", "/api/v1/trunks", "listTrunks", DESK, 0, api_trunks, NULL},
    {"GET", "/api/v1/people", "listPeople", API_ALL, 0, api_people, NULL},
    {"GET", "/api/v1/departments", "listDepartments", API_ALL, 0, api_departments, NULL},
    {"GET", "/api/v1/messages", "listMessages", API_ALL, 0, api_messages, NULL},
    {"GET", "/api/v1/messages/{id}", "showMessage", API_ALL, 0, api_message, NULL},
    {"GET", "/api/v1/messages/{id}/content", "openMessage", API_ALL, 0, api_message_content, NULL},
    {"GET", "/api/v1/messages/{id}/sound", "hearMessage", API_ALL, 0, api_message_sound, NULL},
    {"GET", "/api/v1/messages/{id}/delivery", "showDelivery", API_OPERATOR | API_MANAGER, 0,
     api_delivery, NULL},
    {"POST", "/api/v1/messages/{id}/delivery", "sendAgain", API_OPERATOR | API_MANAGER, 256,
     api_delivery_again, NULL},
    {"POST", "/api/v1/messages/{id}/receipts", "keepReceipt",
     API_STAFF | API_OPERATOR | API_MANAGER, 1024, api_receipt_add, NULL},
    {"GET", "/api/v1/delivery", "showDeliveryFigures", DESK, 0, api_delivery_figures, NULL},
    {"GET", "/m/{token}", "openLink", 0, 0, api_link_show, NULL},
    {"POST", "/m/{token}", "confirmLink", 0, 256, api_link_act,
     "application/x-www-form-urlencoded"},
    {"GET", "/m/{token}/sound", "hearLink", 0, 0, api_link_sound, NULL},
    {"GET", "/api/v1/desk", "showDesk", API_OPERATOR | API_MANAGER, 0, api_desk, NULL},
    {"POST", "/api/v1/desk/duty", "setDuty", API_OPERATOR, 4096, api_desk_duty, NULL},
    {"POST", "/api/v1/desk/commands", "giveCommand", API_OPERATOR, 8192, api_desk_command, NULL},
    {"POST", "/api/v1/desk/beat", "answerBeat", API_OPERATOR, 256, api_desk_beat, NULL},
    {"GET", "/api/v1/desk/summary", "showSummary", API_OPERATOR, 0, api_desk_summary, NULL},
    {"PUT", "/api/v1/desk/drafts/{no}", "keepDraft", API_OPERATOR, 16384, api_draft_put, NULL},
    {"DELETE", "/api/v1/desk/drafts/{no}", "dropDraft", API_OPERATOR, 0, api_draft_drop, NULL},
    {"GET", "/api/v1/desk/greetings/{language}", "hearGreeting", API_OPERATOR, 0,
     api_greeting_get, NULL},
    {"PUT", "/api/v1/desk/greetings/{language}", "keepGreeting", API_OPERATOR, 2u << 20,
     api_greeting_put, "audio/wav"},
    {"DELETE", "/api/v1/desk/greetings/{language}", "dropGreeting", API_OPERATOR, 0,
     api_greeting_drop, NULL},
    {"POST", "/api/v1/headset", "openHeadset", API_OPERATOR, API_OFFER_BYTES, api_headset_open,
     "application/sdp"},
    {"PATCH", "/api/v1/headset/{id}", "restartHeadset", API_OPERATOR, API_OFFER_BYTES,
     api_headset_restart, "application/trickle-ice-sdpfrag"},
    {"DELETE", "/api/v1/headset/{id}", "closeHeadset", API_OPERATOR, 0, api_headset_close, NULL},
    {"POST", "/api/v1/sample/phones", "openSamplePhone", 0, 1024, api_sample_open, NULL},
    {"POST", "/api/v1/sample/phones/{token}/sound", "offerSamplePhone", 0, API_OFFER_BYTES,
     api_sample_sound, "application/sdp"},
    {"GET", "/api/v1/sample/phones/{token}", "showSamplePhone", 0, 0, api_sample_show, NULL},
    {"POST", "/api/v1/sample/phones/{token}/act", "actSamplePhone", 0, 1024, api_sample_act,
     NULL},
    {"DELETE", "/api/v1/sample/phones/{token}", "closeSamplePhone", 0, 0, api_sample_close, NULL},
    {"GET", "/api/v1/directory", "readDirectory", API_ALL, 0, api_directory, NULL},
    {"POST", "/api/v1/directory/import", "importDirectory", API_MANAGER, API_CSV_BYTES,
     api_import, NULL},
    {"GET", "/api/v1/directory/export", "exportDirectory", API_MANAGER, 0, api_export, NULL},
    {"POST", "/api/v1/people", "addPerson", API_MANAGER, 4096, api_person_add, NULL},
    {"GET", "/api/v1/people/{id}", "showPerson", API_OPERATOR | API_MANAGER, 0,
     api_entry_person, NULL},
    {"PUT", "/api/v1/people/{id}", "changePerson", API_MANAGER, 4096, api_person_put, NULL},
    {"DELETE", "/api/v1/people/{id}", "removePerson", API_MANAGER, 0, api_person_drop, NULL},
    {"PUT", "/api/v1/people/{id}/reading", "setReadings", API_OPERATOR | API_MANAGER, 4096,
     api_reading_put, NULL},
    {"PUT", "/api/v1/people/{id}/absence", "setAbsence",
     API_STAFF | API_OPERATOR | API_MANAGER, 4096, api_absence_put, NULL},
    {"DELETE", "/api/v1/people/{id}/absence", "endAbsence",
     API_STAFF | API_OPERATOR | API_MANAGER, 0, api_absence_drop, NULL},
    {"POST", "/api/v1/departments", "addDepartment", API_MANAGER, 4096, api_department_add, NULL},
    {"GET", "/api/v1/departments/{id}", "showDepartment", API_OPERATOR | API_MANAGER, 0,
     api_entry_department, NULL},
    {"PUT", "/api/v1/departments/{id}", "changeDepartment", API_MANAGER, 4096,
     api_department_put, NULL},
    {"DELETE", "/api/v1/departments/{id}", "removeDepartment", API_MANAGER, 0,
     api_department_drop, NULL},
    {"PUT", "/api/v1/departments/{id}/reading", "setDepartmentReadings",
     API_OPERATOR | API_MANAGER, 4096, api_department_reading_put, NULL},
    {"GET", "/api/v1/extensions", "listExtensions", API_MANAGER, 0, api_extensions, NULL},
    {"POST", "/api/v1/extensions", "addExtension", API_MANAGER, 4096, api_extension_add, NULL},
    {"GET", "/api/v1/extensions/{id}", "showExtension", API_MANAGER, 0, api_entry_extension, NULL},
    {"PUT", "/api/v1/extensions/{id}", "changeExtension", API_MANAGER, 4096,
     api_extension_put, NULL},
    {"DELETE", "/api/v1/extensions/{id}", "removeExtension", API_MANAGER, 0,
     api_extension_drop, NULL},
    {"GET", "/api/v1/history", "listHistory", API_MANAGER, 0, api_history, NULL},
    {"POST", "/api/v1/messages", "keepSlip", API_OPERATOR | API_MANAGER, 8192, api_slip_add, NULL},
    {"POST", "/api/v1/told", "keepTold", API_OPERATOR | API_MANAGER, 4096, api_told_add, NULL},
    {"GET", "/api/v1/told", "listTold", API_OPERATOR | API_MANAGER, 0, api_told_list, NULL},
    {"GET", "/api/v1/instructions", "listInstructions", API_OPERATOR | API_MANAGER, 0,
     api_instructions, NULL},
    {"POST", "/api/v1/instructions", "giveInstruction", API_OPERATOR | API_MANAGER, 4096,
     api_instruct, NULL},
    {"DELETE", "/api/v1/instructions/{id}", "dropInstruction", API_OPERATOR | API_MANAGER, 0,
     api_instruction_drop, NULL},
    {"GET", "/api/v1/operators", "listOperators", API_OPERATOR | API_MANAGER, 0,
     api_operators, NULL},
    {"POST", "/api/v1/standins", "askStandin", API_OPERATOR | API_MANAGER, 4096,
     api_standin_ask, NULL},
    {"POST", "/api/v1/standins/{id}/decision", "decideStandin", API_MANAGER, 256,
     api_standin_decide, NULL},
    {"GET", "/api/v1/cards", "readCards", API_OPERATOR | API_MANAGER, 0, api_cards, NULL},
    {"GET", "/api/v1/records", "listRecords", API_ALL, 0, api_records, NULL},
    {"GET", "/api/v1/records/{no}", "showRecord", API_ALL, 0, api_record, NULL},
    {"GET", "/api/v1/records/{no}/recordings/{id}", "hearRecording", API_MANAGER, 0,
     api_recording, NULL},
    {"GET", "/api/v1/figures", "readFigures", API_MANAGER, 0, api_figures, NULL},
    {"GET", "/api/v1/reports/figures", "reportFigures", API_MANAGER, 0, api_figures_report, NULL},
    {"GET", "/api/v1/reports/records", "reportRecords", API_MANAGER, 0, api_records_report, NULL},
};

const struct api_role_name api_role_names[API_ROLES] = {{API_STAFF, "staff"},
							{API_OPERATOR, "operator"},
							{API_MANAGER, "manager"},
							{API_ADMIN, "admin"}};

int api_alloc(struct api **ap, const struct api_source *source)
{
	struct api *a = calloc(1, sizeof(*a));

	if (!a)
		return ENOMEM;
	a->source = *source;
	*ap = a;
	return 0;
}

void api_free(struct api *a)
{
	free(a);
}

const struct http_route *api_route_table(size_t *count)
{
	*count = sizeof(table) / sizeof(table[0]);
	return table;
}

int api_route_print(char *out, size_t cap)
{
	int err = text_copy(out, cap, "");

	for (size_t i = 0; !err && i < sizeof(table) / sizeof(table[0]); i++) {
		const char *comma = "";

		err = text_append(out, cap, "%s %s %s ", table[i].method, table[i].path,
				  table[i].operation);
		for (size_t r = 0; !err && r < API_ROLES; r++) {
			if (!(table[i].roles & api_role_names[r].role))
				continue;
			err = text_append(out, cap, "%s%s", comma, api_role_names[r].name);
			comma = ",";
		}
		if (!err)
			err = text_append(out, cap, "%s\n", table[i].roles ? "" : "-");
	}
	return err;
}
