"""German."""

from __future__ import annotations

from connector.web.phrases.shape import Phrases

DE = Phrases(
    name="Deutsch",
    # what is asked
    invoice="Rechnung {number}",
    invoice_alone="Rechnung",
    invoices="{count} Rechnungen",
    from_seller="{what} von {seller}",
    amount_due="Zu zahlen",
    total="Rechnungsbetrag",
    issued="Ausgestellt am",
    due="Fällig am",
    updated="Stand: {moment}.",
    on_its_way="Unterwegs: {amount}",
    share="Anteil an dieser Zahlung",
    # ways to pay
    ways="Wie möchten Sie zahlen?",
    at_once="Sofort bestätigt",
    takes_days="Dauert einige Werktage",
    by_transfer="Banküberweisung",
    by_transfer_hint="Unsere Bankverbindung und der Verwendungszweck",
    by_cheque="Scheck",
    by_cheque_hint="Ein Begleitblatt zum Ausdrucken",
    elsewhere=(
        "Sie zahlen auf der gesicherten Seite unseres Zahlungsdienstleisters. Karten- und Bankdaten werden "
        "dort eingegeben, nie hier."
    ),
    no_ways="Diese Rechnung kann zurzeit nicht online bezahlt werden. Bitte wenden Sie sich an {seller}.",
    amount_to_pay="Betrag, den Sie zahlen",
    amount_between="Zwischen {least} und {most}.",
    amount_wrong="Bitte geben Sie einen Betrag zwischen {least} und {most} ein.",
    see_invoice="Rechnung herunterladen (PDF)",
    tell_us="Stimmt etwas nicht? Sagen Sie es uns",
    back="Zurück zur Rechnung",
    # where it stands
    paid="Diese Rechnung ist bezahlt.",
    paid_said="Es ist nichts mehr offen. Vielen Dank.",
    receipt="Zahlungsbeleg",
    reference="Referenz",
    received="Wir haben Ihre Zahlung erhalten. Vielen Dank.",
    received_said="Sie müssen nichts weiter tun. Diese Seite bewahrt Ihren Beleg auf.",
    processing="Eine Zahlung wird verarbeitet.",
    processing_said=(
        "Bitte zahlen Sie nicht noch einmal; Sie müssen nichts weiter tun. Eine Zahlung vom Bankkonto kann "
        "mehrere Werktage dauern."
    ),
    checking="Wir prüfen eine Zahlung.",
    checking_said=(
        "Bitte zahlen Sie nicht noch einmal. Der Zahlungsdienstleister hat uns noch nicht gesagt, ob er Ihre "
        "Zahlung genommen hat; diese Seite wird es zeigen."
    ),
    closed="Hier ist nichts zu zahlen.",
    closed_said=(
        "Diese Rechnung wurde zurückgezogen. Wenn Sie meinen, dass noch etwas offen ist, fragen Sie bitte {seller}."
    ),
    failed="Ihre letzte Zahlung ist nicht zustande gekommen.",
    failed_said="Es wurde nichts abgebucht. Sie können es noch einmal versuchen oder anders bezahlen.",
    returned="Eine Zahlung wurde von der Bank zurückgegeben.",
    returned_said="Der Betrag ist deshalb wieder offen. Sie können ihn unten bezahlen oder {seller} fragen.",
    given_back="An Sie zurückgezahlt: {amount}.",
    given_back_said="Das Geld kommt auf demselben Weg zurück; bis Ihre Bank es zeigt, können einige Tage vergehen.",
    look_again="Noch einmal nachsehen",
    # what went wrong
    nothing_here="Dieser Zahlungslink funktioniert nicht",
    nothing_here_said="Bitte fragen Sie den Absender nach einem neuen Link.",
    fault="Etwas ist schiefgegangen",
    fault_said=(
        "Bei uns ist etwas schiefgegangen, und es wurde nichts abgebucht. Bitte wenden Sie sich an den "
        "Absender dieses Links."
    ),
    away_neutral="Es wurde nichts abgebucht. Bitte sehen Sie in einer Minute noch einmal nach.",
    too_many="Zu viele Versuche",
    too_many_said="Es wurde nichts abgebucht. Bitte warten Sie ein wenig und versuchen Sie es dann erneut.",
    too_old="Diese Seite war zu lange geöffnet",
    too_old_said=(
        "Es wurde nichts abgebucht. Bitte öffnen Sie sie noch einmal; Ihr Browser muss ihre Cookies zulassen."
    ),
    refused="Diese Rechnung kann gerade nicht bezahlt werden.",
    refused_said=(
        "Dieser Klick hat nichts abgebucht. Sehen Sie noch einmal nach, wie es steht, oder fragen Sie {seller}."
    ),
    no_answer="Der Zahlungsdienstleister hat nicht geantwortet.",
    no_answer_said="Es wurde nichts abgebucht. Sehen Sie in einer Minute noch einmal nach; dort wird zuerst geprüft.",
    opening="Ihre Zahlungsseite wird gerade geöffnet.",
    opening_said="Es wurde nichts abgebucht. Sehen Sie in ein paar Sekunden noch einmal nach.",
    away="Die Zahlungsseite kann gerade nicht geöffnet werden.",
    away_said="Es wurde nichts abgebucht. Sehen Sie in ein paar Minuten noch einmal nach, oder fragen Sie {seller}.",
    no_document="Die Rechnung kann gerade nicht geholt werden.",
    not_shown="Diese Rechnung kann gerade nicht angezeigt werden.",
    not_shown_said="Es wurde nichts abgebucht. Bitte fragen Sie {seller}.",
    # bank transfer
    transfer_intro="Überweisen Sie genau diesen Betrag mit dieser Referenz von Ihrer eigenen Bank.",
    amount="Betrag",
    holder="Kontoinhaber",
    bank="Bank",
    country="Land",
    routing="Routing-Nummer (ABA)",
    account="Kontonummer",
    account_type="Kontoart",
    institution="Institutsnummer",
    transit="Transitnummer",
    sort_code="Bankleitzahl (Sort Code)",
    iban="IBAN",
    bic="BIC",
    takes="Dieses Konto nimmt an: {rails}.",
    charges=(
        "Wenn Ihre Bank fragt, wer die Entgelte einer Auslandsüberweisung trägt, wählen Sie „OUR“, damit der "
        "volle Betrag ankommt."
    ),
    name_check="Ihre Bank vergleicht vielleicht den Namen des Kontoinhabers: Übernehmen Sie ihn genau so.",
    transfer_days=(
        "Eine Überweisung kommt meist in ein bis drei Werktagen an. Diese Seite zeigt es, sobald wir sie gesehen haben."
    ),
    not_twice="Wenn Sie überweisen, zahlen Sie bitte nicht auch noch mit Karte oder Lastschrift.",
    fraud="Unsere Bankverbindung ändert sich nie per E-Mail.",
    fraud_call="Rufen Sie uns im Zweifel an: {phone}.",
    scan="Mit der Banking-App scannen",
    scan_said="Der Code enthält dieselben Angaben wie die Liste.",
    copy="Kopieren",
    copied="Kopiert: {what}",
    not_copied="Konnte nicht kopiert werden. Bitte von Hand markieren.",
    # cheque
    cheque_intro="Drucken Sie dieses Blatt aus und legen Sie es Ihrem Scheck bei.",
    payee="Zahlbar an",
    send_to="Senden an",
    write_on="Auf den Scheck schreiben",
    print="Drucken",
    cheque_not_twice="Wenn Sie einen Scheck senden, zahlen Sie bitte nicht auch noch mit Karte oder Lastschrift.",
    # the form
    tell_title="Nachricht an {seller}",
    about="Worum geht es?",
    ask_question="Ich habe eine Frage",
    ask_never_received="Ich habe diese Rechnung nie erhalten",
    ask_wrong_person="Ich bin nicht die richtige Person",
    ask_paid="Ich habe sie schon bezahlt",
    ask_will_pay="Ich zahle an diesem Tag",
    day_label="Tag der Zahlung",
    day_hint="Nur wenn Sie an einem bestimmten Tag zahlen.",
    words_label="Ihre Nachricht",
    words_hint="Schreiben Sie hier nie Karten- oder Kontonummern.",
    person_label="Ihr Name (freiwillig)",
    send="Senden",
    thanks="Vielen Dank. {seller} hat Ihre Nachricht.",
    thanks_said="Es wurde nichts abgebucht, und der offene Betrag ist unverändert.",
    choose_one="Bitte sagen Sie, worum es geht.",
    no_words="Bitte schreiben Sie Ihre Nachricht.",
    too_long="Bitte schreiben Sie höchstens {count} Zeichen.",
    card_number="Das sieht wie eine Kartennummer aus. Bitte lassen Sie sie weg; sie wurde nicht gespeichert.",
    no_day="Bitte nennen Sie einen Tag ab heute, innerhalb eines Jahres.",
    # around it
    who="Wer Sie bittet",
    languages="Sprache",
)
