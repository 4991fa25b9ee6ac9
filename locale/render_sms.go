package locale

import "strings"

// gsm are the characters of which a segment of an SMS holds 160 (3GPP TS 23.038
// §6.2.1), those of the extension at its end for two each. With any other a segment
// holds 70.
const gsm = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?" +
	"¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà" + "^{}\\[~]|€"

var plainer = strings.NewReplacer("\u00A0", " ", "\u202F", " ", "’", "'", "‘", "'", "“", `"`, "”", `"`, "„", `"`, "«", `"`, "»", `"`, "–", "-", "—", "-", "…", "...")

// simpler writes an SMS without the marks of typesetting, if it is then of the
// characters of GSM alone: in half as many segments.
func simpler(text string) string {
	if plain := plainer.Replace(text); strings.Trim(plain, gsm) == "" {
		return plain
	}
	return text
}
