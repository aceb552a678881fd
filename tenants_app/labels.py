"""Readable names, in three languages, for the keys of a knowledge file."""

from typing import Final

LANGUAGES: Final = ("pt", "en", "es")

# key: Portuguese, English, Spanish. A key that is missing here is read as its own words.
_LABELS: Final = {
    name: tuple(words.split("|"))
    for name, words in (
        line.split(" = ")
        for line in """
about = sobre|about|sobre
address = endereço|address|dirección
already_have_solution = já tem uma solução|already has a solution|ya tiene una solución
annual_discount = desconto anual|yearly discount|descuento anual
api_access = acesso à API|API access|acceso a la API
appointments = agendamento|appointments|citas
areas = áreas|areas|áreas
availability = disponibilidade|availability|disponibilidad
backup_policy = cópias de segurança|backups|copias de seguridad
billing_cycle = ciclo de cobrança|billing cycle|ciclo de cobro
bio = perfil|profile|perfil
brands = marcas|brands|marcas
business_hours = horário de atendimento|business hours|horario de atención
business_info = quem somos|about us|quiénes somos
cancellation = cancelamento|cancellation|cancelación
category = categoria|category|categoría
channels = canais|channels|canales
cities = cidades|cities|ciudades
city = cidade|city|ciudad
complement = complemento|address line 2|complemento
consultation_price = preço da consulta|price of an appointment|precio de la consulta
contact = contato|contact|contacto
contract_type = tipo de contrato|kind of contract|tipo de contrato
conversations = conversas|conversations|conversaciones
country = país|country|país
covers = cobre|covers|cubre
currency = moeda|currency|moneda
custom_integrations = integrações sob medida|custom integrations|integraciones a medida
data_security = segurança dos dados|data security|seguridad de los datos
data_storage = armazenamento dos dados|data storage|almacenamiento de los datos
days = dias|days|días
delivery = entrega|delivery|entrega
delivery_time = prazo de entrega|delivery time|plazo de entrega
description = descrição|description|descripción
differentials = diferenciais|what sets us apart|diferenciales
discounts = descontos|discounts|descuentos
discovery_questions = perguntas de descoberta|discovery questions|preguntas de descubrimiento
doctors = médicos|doctors|médicos
documents = documentos|documents|documentos
dont_need = não precisa|does not need it|no lo necesita
duration = duração|duration|duración
email = e-mail|e-mail|correo electrónico
emergency = emergência|emergency|emergencia
emergency_support = suporte de emergência|emergency support|soporte de emergencia
excess_price = preço por conversa excedente|price of each extra conversation|precio por conversación extra
exchange = troca|exchange|cambio
exchanges = trocas|exchanges|cambios
faq = perguntas frequentes|frequent questions|preguntas frecuentes
features = inclui|includes|incluye
founded = fundação|founded|fundación
friday = sexta-feira|Friday|viernes
gdpr_compliant = conforme à lei de proteção de dados|compliant with data protection law|conforme a la ley de datos
holidays = feriados|holidays|feriados
hours = horário de funcionamento|opening hours|horario de atención
ideal_for = ideal para|ideal for|ideal para
implementation = implantação|implementation|implementación
installments = parcelamento|installments|cuotas
insurance_plans = convênios e planos de saúde|health insurance plans|seguros de salud
integration = integração|integration|integración
integrations = integrações|integrations|integraciones
invoice_info = nota fiscal|invoices|facturas
languages = idiomas|languages|idiomas
late_arrival = atraso|late arrival|retraso
location = localização|location|ubicación
methods = formas de pagamento|payment methods|formas de pago
mission = missão|mission|misión
monday = segunda-feira|Monday|lunes
name = nome|name|nombre
neighborhood = bairro|neighbourhood|barrio
no_time = sem tempo|no time|sin tiempo
not_accepted = não aceitos|not accepted|no aceptados
note = observação|note|nota
notes = observações|notes|observaciones
notice_period = aviso prévio|notice period|preaviso
objection_handlers = respostas a objeções|answers to objections|respuestas a objeciones
onboarding_process = como começa|how it starts|cómo empieza
parking = estacionamento|parking|estacionamiento
payment = pagamento|payment|pago
penalties = multas|penalties|multas
phone = telefone|phone|teléfono
plan = plano|plan|plan
plans = planos|plans|planes
policies = políticas|policies|políticas
preparation = preparo|preparation|preparación
price = preço|price|precio
privacy = privacidade|privacy|privacidad
privacy_policy = política de privacidade|privacy policy|política de privacidad
process = como fazer|how to|cómo hacerlo
products = produtos|products|productos
quality = qualidade|quality|calidad
recommended = recomendado|recommended|recomendado
refund = reembolso|refund|reembolso
registration = registro profissional|registration|matrícula
reimbursement = reembolso|reimbursement|reembolso
response = resposta|answer|respuesta
response_time = tempo de resposta|response time|tiempo de respuesta
returns = devoluções|returns|devoluciones
role = função|role|función
saturday = sábado|Saturday|sábado
services = serviços|services|servicios
setup_time = tempo de configuração|time to set up|tiempo de configuración
shipping = entrega e frete|shipping|envíos
slogan = lema|slogan|lema
social = redes sociais|social networks|redes sociales
sounds_like_a_robot = parece um robô|sounds like a robot|parece un robot
specialties = especialidades|specialties|especialidades
specialty = especialidade|specialty|especialidad
state = estado|state|estado
street = rua|street|calle
sunday = domingo|Sunday|domingo
support = suporte|support|soporte
support_included = suporte incluído|support included|soporte incluido
team = equipe|team|equipo
third_party = integrações de terceiros|third-party integrations|integraciones de terceros
thursday = quinta-feira|Thursday|jueves
too_expensive = está caro|too expensive|es caro
training_included = treinamento incluído|training included|formación incluida
trial = teste|trial|prueba
tuesday = terça-feira|Tuesday|martes
unused_items = itens sem uso|unused items|artículos sin uso
value_proposition = o que trazemos|what we bring|lo que aportamos
warranty = garantia|warranty|garantía
website = site|website|sitio web
wednesday = quarta-feira|Wednesday|miércoles
weekdays = segunda a sexta|Monday to Friday|lunes a viernes
weekend = fim de semana|weekend|fin de semana
whatsapp_setup = configuração do WhatsApp|WhatsApp setup|configuración de WhatsApp
will_think = vai pensar|will think about it|lo va a pensar
withdrawal = desistência|withdrawal|desistimiento
zip_code = CEP|postcode|código postal
""".strip().splitlines()
    )
}
_YES_NO: Final = {"pt": ("sim", "não"), "en": ("yes", "no"), "es": ("sí", "no")}


def label(key: str, language: str) -> str:
    """A key in readable words of a language ("pt-BR", "en", …; Portuguese for one we do not speak)."""
    words = _LABELS.get(key)
    return words[_place(language)] if words else key.replace("_", " ").strip()


def yes_no(value: bool, language: str) -> str:
    """true or false in a language's words."""
    return _YES_NO[LANGUAGES[_place(language)]][0 if value else 1]


def _place(language: str) -> int:
    short = language[:2].lower()
    return LANGUAGES.index(short) if short in LANGUAGES else 0
