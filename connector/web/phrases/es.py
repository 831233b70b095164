"""Spanish."""

from __future__ import annotations

from connector.web.phrases.shape import Phrases

ES = Phrases(
    name="Español",
    # what is asked
    invoice="Factura {number}",
    invoice_alone="Factura",
    invoices="{count} facturas",
    from_seller="{what} de {seller}",
    amount_due="Importe a pagar",
    total="Total de la factura",
    issued="Emitida el",
    due="Vence el",
    updated="Situación a {moment}.",
    on_its_way="En camino: {amount}",
    share="Parte de este pago",
    # ways to pay
    ways="¿Cómo desea pagar?",
    at_once="Confirmación inmediata",
    takes_days="Tarda varios días hábiles",
    by_transfer="Transferencia bancaria",
    by_transfer_hint="Nuestros datos bancarios y la referencia que debe indicar",
    by_cheque="Cheque",
    by_cheque_hint="Imprima un volante para acompañarlo",
    elsewhere=(
        "Continuará en la página segura de nuestro proveedor de pagos. Los datos de tarjeta y banco se "
        "introducen allí, nunca aquí."
    ),
    no_ways="Esta factura no se puede pagar en línea en este momento. Póngase en contacto con {seller}.",
    amount_to_pay="Importe que va a pagar",
    amount_between="Entre {least} y {most}.",
    amount_wrong="Introduzca un importe entre {least} y {most}.",
    see_invoice="Descargar la factura (PDF)",
    tell_us="¿Algo no es correcto? Díganoslo",
    back="Volver a la factura",
    # where it stands
    paid="Esta factura está pagada.",
    paid_said="No hay nada pendiente. Gracias.",
    receipt="Recibo",
    reference="Referencia",
    received="Hemos recibido su pago. Gracias.",
    received_said="No tiene que hacer nada más. Esta página conserva su recibo.",
    processing="Se está procesando un pago.",
    processing_said=(
        "No vuelva a pagar; no tiene que hacer nada más. Un pago desde una cuenta bancaria puede tardar "
        "varios días hábiles."
    ),
    checking="Estamos comprobando un pago.",
    checking_said=(
        "No vuelva a pagar. El proveedor aún no nos ha dicho si ha cobrado su pago; esta página lo indicará."
    ),
    closed="Aquí no hay nada que pagar.",
    closed_said="Esta factura se ha retirado. Si cree que debe algo, pregunte a {seller}.",
    failed="Su último pago no se ha realizado.",
    failed_said="No se ha cobrado nada. Puede intentarlo de nuevo o pagar de otra forma.",
    returned="El banco ha devuelto un pago.",
    returned_said="Por eso este importe vuelve a estar pendiente. Puede pagarlo a continuación o preguntar a {seller}.",
    given_back="Le hemos devuelto: {amount}.",
    given_back_said="El dinero vuelve por el mismo medio de pago; su banco puede tardar unos días en mostrarlo.",
    look_again="Volver a mirar",
    # what went wrong
    nothing_here="Este enlace de pago no funciona",
    nothing_here_said="Pida al remitente un enlace nuevo.",
    fault="Se ha producido un error",
    fault_said=(
        "Se ha producido un error por nuestra parte y no se ha cobrado nada. Pregunte a quien le envió este enlace."
    ),
    away_neutral="No se ha cobrado nada. Vuelva a mirar dentro de un minuto.",
    too_many="Demasiados intentos",
    too_many_said="No se ha cobrado nada. Espere un poco y vuelva a intentarlo.",
    too_old="Esta página ha estado abierta demasiado tiempo",
    too_old_said="No se ha cobrado nada. Ábrala de nuevo; su navegador debe aceptar sus cookies.",
    refused="Esta factura no se puede pagar en este momento.",
    refused_said="Este clic no ha cobrado nada. Vuelva a mirar cómo está, o pregunte a {seller}.",
    no_answer="El proveedor de pagos no ha respondido.",
    no_answer_said="No se ha cobrado nada. Vuelva a mirar dentro de un minuto; primero lo comprobamos con él.",
    opening="Su página de pago se está abriendo.",
    opening_said="No se ha cobrado nada. Vuelva a mirar dentro de unos segundos.",
    away="La página de pago no se puede abrir en este momento.",
    away_said="No se ha cobrado nada. Vuelva a mirar dentro de unos minutos, o pregunte a {seller}.",
    no_document="La factura no se puede obtener en este momento.",
    not_shown="Esta factura no se puede mostrar en este momento.",
    not_shown_said="No se ha cobrado nada. Pregunte a {seller}.",
    # bank transfer
    transfer_intro="Envíe exactamente este importe, con esta referencia, desde su banco.",
    amount="Importe",
    holder="Titular de la cuenta",
    bank="Banco",
    country="País",
    routing="Número de ruta (ABA)",
    account="Número de cuenta",
    account_type="Tipo de cuenta",
    institution="Número de institución",
    transit="Número de tránsito",
    sort_code="Código de sucursal (sort code)",
    iban="IBAN",
    bic="BIC",
    takes="Esta cuenta acepta: {rails}.",
    charges=(
        "Si su banco pregunta quién paga los gastos de una transferencia internacional, elija «OUR» para que "
        "llegue el importe completo."
    ),
    name_check="Su banco puede comprobar el nombre del titular: cópielo tal como está.",
    transfer_days=(
        "Una transferencia suele llegar en uno a tres días hábiles. Esta página lo indicará cuando la hayamos visto."
    ),
    not_twice="Si paga por transferencia, no pague también con tarjeta o adeudo.",
    fraud="Nuestros datos bancarios nunca cambian por correo electrónico.",
    fraud_call="En caso de duda, llámenos al {phone}.",
    scan="Escanee con la aplicación de su banco",
    scan_said="El código contiene los mismos datos que la lista.",
    copy="Copiar",
    copied="Copiado: {what}",
    not_copied="No se ha podido copiar. Selecciónelo a mano.",
    # cheque
    cheque_intro="Imprima este volante y envíelo con su cheque.",
    payee="A la orden de",
    send_to="Enviar a",
    write_on="Escriba en el cheque",
    print="Imprimir",
    cheque_not_twice="Si envía un cheque, no pague también con tarjeta o adeudo.",
    # the form
    tell_title="Escribir a {seller}",
    about="¿De qué se trata?",
    ask_question="Tengo una pregunta",
    ask_never_received="Nunca recibí esta factura",
    ask_wrong_person="No soy la persona indicada",
    ask_paid="Ya la he pagado",
    ask_will_pay="La pagaré en esta fecha",
    day_label="Fecha de pago",
    day_hint="Solo si va a pagar en una fecha concreta.",
    words_label="Su mensaje",
    words_hint="No escriba nunca aquí números de tarjeta o de cuenta.",
    person_label="Su nombre (opcional)",
    send="Enviar",
    thanks="Gracias. {seller} ha recibido su mensaje.",
    thanks_said="No se ha cobrado nada, y el importe pendiente no ha cambiado.",
    choose_one="Indique de qué se trata.",
    no_words="Escriba su mensaje.",
    too_long="Escriba como máximo {count} caracteres.",
    card_number="Parece un número de tarjeta. Quítelo; no se ha guardado.",
    no_day="Indique una fecha a partir de hoy, en el plazo de un año.",
    # around it
    who="Quién se lo pide",
    languages="Idioma",
)
