"""French."""

from __future__ import annotations

from connector.web.phrases.shape import Phrases

FR = Phrases(
    name="Français",
    # what is asked
    invoice="Facture {number}",
    invoice_alone="Facture",
    invoices="{count} factures",
    from_seller="{what} de {seller}",
    amount_due="Montant à payer",
    total="Total de la facture",
    issued="Émise le",
    due="Échéance",
    updated="État au {moment}.",
    on_its_way="En cours d'acheminement : {amount}",
    share="Part de ce paiement",
    # ways to pay
    ways="Comment souhaitez-vous payer ?",
    at_once="Confirmé immédiatement",
    takes_days="Arrive en quelques jours ouvrables",
    by_transfer="Virement bancaire",
    by_transfer_hint="Nos coordonnées bancaires et la référence à indiquer",
    by_cheque="Chèque",
    by_cheque_hint="Un bordereau à imprimer et à joindre",
    elsewhere=(
        "Vous continuez sur la page sécurisée de notre prestataire de paiement. Les données de carte et de "
        "banque y sont saisies, jamais ici."
    ),
    no_ways="Cette facture ne peut pas être payée en ligne pour le moment. Veuillez contacter {seller}.",
    amount_to_pay="Montant à régler",
    amount_between="Entre {least} et {most}.",
    amount_wrong="Veuillez saisir un montant entre {least} et {most}.",
    see_invoice="Télécharger la facture (PDF)",
    tell_us="Un problème ? Dites-le-nous",
    back="Retour à la facture",
    # where it stands
    paid="Cette facture est payée.",
    paid_said="Il n'y a rien à payer. Merci.",
    receipt="Reçu",
    reference="Référence",
    received="Nous avons reçu votre paiement. Merci.",
    received_said="Vous n'avez rien d'autre à faire. Cette page conserve votre reçu.",
    processing="Un paiement est en cours de traitement.",
    processing_said=(
        "Ne payez pas une seconde fois ; vous n'avez rien d'autre à faire. Un paiement par compte bancaire "
        "peut prendre plusieurs jours ouvrables."
    ),
    checking="Nous vérifions un paiement.",
    checking_said=(
        "Ne payez pas une seconde fois. Le prestataire ne nous a pas encore dit si votre paiement a été pris "
        "; cette page l'indiquera."
    ),
    closed="Il n'y a rien à payer ici.",
    closed_said="Cette facture a été retirée. Si vous pensez devoir quelque chose, veuillez demander à {seller}.",
    failed="Votre dernier paiement n'a pas abouti.",
    failed_said="Rien n'a été débité. Vous pouvez réessayer ou payer autrement.",
    returned="Un paiement a été retourné par la banque.",
    returned_said="Ce montant est donc de nouveau à payer. Vous pouvez le régler ci-dessous, ou demander à {seller}.",
    given_back="Remboursé : {amount}.",
    given_back_said="Vous êtes remboursé par le moyen utilisé pour payer ; cela peut prendre quelques jours.",
    look_again="Actualiser",
    # what went wrong
    nothing_here="Ce lien de paiement ne fonctionne pas",
    nothing_here_said="Veuillez demander un nouveau lien à l'expéditeur.",
    fault="Une erreur s'est produite",
    fault_said=(
        "Une erreur s'est produite de notre côté et rien n'a été débité. Veuillez vous adresser à "
        "l'expéditeur de ce lien."
    ),
    away_neutral="Rien n'a été débité. Veuillez réessayer dans une minute.",
    too_many="Trop de tentatives",
    too_many_said="Rien n'a été débité. Veuillez patienter un peu, puis réessayer.",
    too_old="Cette page est restée ouverte trop longtemps",
    too_old_said="Rien n'a été débité. Veuillez la rouvrir ; votre navigateur doit accepter ses cookies.",
    refused="Cette facture ne peut pas être payée pour le moment.",
    refused_said=(
        "Ce clic n'a rien débité. Actualisez la page pour voir où en est la facture, ou demandez à {seller}."
    ),
    no_answer="Le prestataire de paiement n'a pas répondu.",
    no_answer_said="Rien n'a été débité. Actualisez dans une minute ; nous vérifions d'abord auprès de lui.",
    opening="Votre page de paiement est en cours d'ouverture.",
    opening_said="Rien n'a été débité. Actualisez dans quelques secondes.",
    away="La page de paiement ne peut pas être ouverte pour le moment.",
    away_said="Rien n'a été débité. Actualisez dans quelques minutes, ou demandez à {seller}.",
    no_document="La facture ne peut pas être récupérée pour le moment.",
    not_shown="Cette facture ne peut pas être affichée pour le moment.",
    not_shown_said="Rien n'a été débité. Veuillez demander à {seller}.",
    # bank transfer
    transfer_intro="Envoyez exactement ce montant, avec cette référence, depuis votre banque.",
    amount="Montant",
    holder="Titulaire du compte",
    bank="Banque",
    country="Pays",
    routing="Numéro d'acheminement (ABA)",
    account="Numéro de compte",
    account_type="Type de compte",
    institution="Numéro d'institution",
    transit="Numéro de transit",
    sort_code="Code guichet (sort code)",
    iban="IBAN",
    bic="BIC",
    takes="Ce compte accepte : {rails}.",
    charges=(
        "Si votre banque demande qui paie les frais d'un virement international, choisissez « OUR » pour que "
        "le montant entier arrive."
    ),
    name_check="Votre banque peut vérifier le nom du titulaire : copiez-le tel quel.",
    transfer_days=(
        "Un virement arrive en général sous un à trois jours ouvrables. Cette page l'indiquera dès que nous "
        "l'aurons vu."
    ),
    not_twice="Si vous payez par virement, ne payez pas aussi par carte ou prélèvement.",
    fraud="Nos coordonnées bancaires ne changent jamais par e-mail.",
    fraud_call="En cas de doute, appelez-nous au {phone}.",
    scan="À scanner avec votre application bancaire",
    scan_said="Le code contient les mêmes données que la liste.",
    copy="Copier",
    copied="Copié : {what}",
    not_copied="Copie impossible. Veuillez sélectionner à la main.",
    # cheque
    cheque_intro="Imprimez ce bordereau et joignez-le à votre chèque.",
    payee="À l'ordre de",
    send_to="Envoyer à",
    write_on="À écrire sur le chèque",
    print="Imprimer",
    cheque_not_twice="Si vous envoyez un chèque, ne payez pas aussi par carte ou prélèvement.",
    # the form
    tell_title="Écrire à {seller}",
    about="De quoi s'agit-il ?",
    ask_question="J'ai une question",
    ask_never_received="Je n'ai jamais reçu cette facture",
    ask_wrong_person="Je ne suis pas la bonne personne",
    ask_paid="Je l'ai déjà payée",
    ask_will_pay="Je paierai à cette date",
    day_label="Date de paiement",
    day_hint="Seulement si vous indiquez une date de paiement.",
    words_label="Votre message",
    words_hint="N'écrivez jamais ici de numéro de carte ou de compte.",
    person_label="Votre nom (facultatif)",
    send="Envoyer",
    thanks="Merci. {seller} a reçu votre message.",
    thanks_said="Rien n'a été débité, et le montant à payer n'a pas changé.",
    choose_one="Veuillez indiquer de quoi il s'agit.",
    no_words="Veuillez écrire votre message.",
    too_long="Veuillez écrire au plus {count} caractères.",
    card_number="Cela ressemble à un numéro de carte. Veuillez le retirer ; il n'a pas été conservé.",
    no_day="Veuillez indiquer une date à partir d'aujourd'hui, dans l'année.",
    # around it
    who="Qui vous écrit",
    languages="Langue",
)
