"""Words as they are compared: without accents, endings and small talk, in Portuguese, English and Spanish."""

import re
import unicodedata
from functools import lru_cache
from typing import Final


def _words(text: str) -> list[str]:
    return text.split()


# Without a plural's s, longest first; what is left keeps three letters or more, four after one-letter endings.
_ENDINGS: Final = sorted(
    _words(
        """
        amento imento mente acoe icoe acao icao acion adore adora ador
        ariam eriam iriam aria eria iria assem essem avam aram eram iram ando endo indo iendo ado ada ido ida
        oe ao ae ai al ei el oi ing ie ed ar er ir am em ou a e o y
        """
    ),
    key=len,
    reverse=True,
)

_SMALL: Final = frozenset(
    _words(
        """
        a o as os um uma uns umas de do da dos das d em no na nos nas num numa por pelo pela pelos pelas para pra pro
        pras pros com sem sob sobre ate entre e ou mas que q se como qual quais quem cujo eu tu ele ela nos eles elas
        voce voces vc vcs vce ce ces me te lhe lhes meu minha meus minhas seu sua seus suas teu tua nosso nossa nossos
        nossas isso isto esse essa esses essas este esta estes estas aquele aquela aquilo ai ali la aqui ja ainda
        tambem tb so mais menos muito muita muitos muitas bem mal nao sim ser e sao era foi sou somos estar estao
        estou tem tenho temos ter teria ha haver vai vou vao ir pode posso podem poderia consigo consegue conseguem
        quero queria gostaria preciso precisa saber dizer diz diga informar informa me explicar explica falar fala oi
        ola oie opa alo bom boa dia dias tarde noite obrigado obrigada favor porfavor pf pfv tudo todo toda todos
        todas algum alguma alguns algumas entao bah tipo assim ne ta to tah eh ok certo moco moca senhor senhora
        quantos quantas seria fazer faz fazem faco existe existem possui possuem fica ficam mesmo onde hoje amanha
        agora veio vieram
        the an of to in on at for from with by and or but is are was be been am i you he she it we they my your his
        her its our their this that these those do does did can could would will shall should may have has had what
        which who how where there here today hi hello hey please thanks thank good morning afternoon evening any some
        not yes about tell want need
        el los las lo un unos unas del al y en con sin por sobre hasta desde pero cual cuales quien yo donde hoy usted
        ustedes mi mis tus su sus nuestro nuestra es son soy estan estoy hay tiene tienen tengo puede pueden puedo
        quiero quisiera hola buenos buenas tardes noches gracias muy mas si ya hacen hace haces
        """
    )
)

# Verbs that say little about the matter: they count a quarter of another word.
_WEAK: Final = """
    aceita atende trabalha oferece usa utiliza serve dar possivel pessoa coisa forma tipo jeito opcao disponivel tempo
    ver mostra conta quer gosta acha ajuda duvida informacao cliente empresa negocio melhor funciona compra
    accept offer work use show help question information business kind way available
    ofrecen aceptan trabajan atienden
    """

# Words that ask for the same thing. A word stands in one group only.
_GROUPS: Final = """
    price: preco valor custa custo custar quanto qto qnto orcamento investimento mensalidade tarifa
        price cost fee howmuch precio cuanto cuesta costo presupuesto
    expensive: caro cara expensive costoso
    hours: horario hora abre abrir abrem aberto aberta fecha fechado expediente sabado domingo
        feriado hour open opening close closed saturday sunday holiday abierto abren cierra cierran
    place: endereco localizacao localizado localizada localizam rua avenida bairro mapa situado
        address location located street direccion ubicacion ubicado ubicados calle
    appointment: agendar agendamento agenda marcar marcacao consulta reservar reserva remarcar desmarcar
        appointment schedule book booking cita turno
    payment: pagamento pagar pago paga pix boleto cartao credito debito parcela parcelar parcelado parcelamento
        dinheiro cobranca fatura faturamento pay payment card installment tarjeta cuota efectivo
    delivery: entrega entregar entregam frete envio enviar envia enviam despacham correios sedex transportadora
        deliver delivery shipping ship shipment envian entregan
    deadline: prazo demora demorar quantotempo deadline plazo demoran tarda
    exchange: troca trocar trocam devolucao devolver reembolso estorno arrependimento
        return refund exchange cambio devolucion cambiar
    warranty: garantia defeito quebrado quebrada quebrou estragado danificado danificada rachado
        warranty broken damaged roto defecto
    cancel: cancelar cancelamento cancela desistir fidelidade multa rescisao cancellation cancelacion permanencia
    contact: contato telefone fone ligar celular email site phone telephone contact telefono llamar contacto correo
    whatsapp: whatsapp whats zap wpp zapzap
    person: atendente humano humana human someone representante recepcionista
    plan: plano pacote assinatura assinar contratar plan package subscription paquete suscripcion
    recommend: recomenda recomendado indica indicado sugere sugestao recommend suggest recomiendan
    unlimited: ilimitado limite unlimited limit
    insurance: convenio unimed amil bradesco sulamerica hapvida notredame cassi geap operadora planosaude
        insurance aseguradora
    product: produto catalogo vende vendem venda vender loja item product sell store shop producto venden tienda
    service: servico procedimento tratamento tratar service treatment procedure servicio tratamiento
    doctor: medico medica doutor doutora dr dra cirurgiao doctor physician
    team: equipe time funcionario team staff equipo
    privacy: privacidade dados lgpd sigilo seguranca privacy security privacidad datos seguridad
    integration: integra integracao integrar integram api conectar conecta webhook integration integrate
    trial: teste testar gratis gratuito gratuita experimentar demonstracao demo trial free prueba
    discount: desconto promocao cupom promocional discount coupon descuento promocion
    parking: estacionamento estacionar parking manobrista
    exam: exame ultrassom doppler ecodoppler exam ultrasound examen
    urgent: emergencia urgencia urgente socorro samu emergency urgent
    setup: configurar configuracao instalar instalacao implantacao implantar setup install instalacion
    about: historia fundada fundacao missao founded mission quemsomos
    """

_PHRASES: Final = (
    (r"\b(?:bom dia|boa tarde|boa noite|tudo bem|por favor|good (?:morning|afternoon|evening))\b", " "),
    (r"\b(?:como (?:e que )?funcionam?|how (?:does|do) \w+ work)\b", " "),
    (r"\b(?:quanto|cuanto) tempo\b|\bcuanto tiempo\b|\bhow long\b", " quantotempo "),
    (r"\bhow much\b", " howmuch "),
    (
        r"\b(?:planos? de saude|seguros? (?:de )?saude|health plans?|health insurance|seguros? medicos?)\b",
        " planosaude ",
    ),
    (r"\bquem (?:somos|(?:sao|e) (?:voces|vcs))\b|\bwho are you\b|\bquienes so(?:n|mos)\b|\babout us\b", " quemsomos "),
    (r"\bonde (?:e que )?(?:(?:voces|vcs) )?(?:fica|ficam|estao|sao|e)\b|\bde onde\b", " endereco "),
    (r"\bdonde (?:estan|queda|quedan|se encuentran)\b|\bwhere (?:are you|is)\b", " endereco "),
    (r"\b(?:se|pra|para) (?:eu )?fechar\b", " contratar "),
    # Sums are not about prices.
    (r"\bquanto (?:e|da) \d+ ?[-+*/x] ?\d+", " calculo "),
    (r"\be-mails?\b", " email "),
    (r"r\$ ?|us\$ ?|\beur ", " howmuch "),
    (r"\b\d{1,2} ?(?:h|hs|hrs|horas?)(?: ?\d{2})?\b|\b\d{1,2}:\d{2}\b", r" \g<0> horario "),
)
_PATTERNS: Final = tuple((re.compile(pattern), words) for pattern, words in _PHRASES)
_TOKEN: Final = re.compile(r"[a-z0-9]+")


def fold(text: str) -> str:
    """Small ASCII letters without accents."""
    return unicodedata.normalize("NFKD", text.casefold().replace("€", "eur ")).encode("ascii", "ignore").decode()


@lru_cache(maxsize=20_000)
def stem(word: str) -> str:
    """A folded word without its likely ending: agendar, agendamento and agenda become one."""
    if len(word) < 4 or word.isdigit():
        return word
    word = word.removesuffix("s")
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= (3 if len(ending) > 1 else 4):
            return word.removesuffix(ending)
    return word


def _concepts() -> dict[str, str]:
    concepts, name = {}, ""
    for word in _words(_GROUPS):
        if word.endswith(":"):
            name = f"={word[:-1]}"
        else:
            concepts[stem(word)] = name
    return concepts


CONCEPT: Final = _concepts()
WEAK: Final = frozenset(map(stem, _words(_WEAK)))


def terms(text: str) -> list[str]:
    """The stems of the words that matter, in order; of all words when only small talk is left."""
    plain = fold(text)
    rest = plain
    for pattern, words in _PATTERNS:
        rest = pattern.sub(words, rest)
    found = [stem(word) for word in _TOKEN.findall(rest) if word not in _SMALL]
    return found or [stem(word) for word in _TOKEN.findall(plain) if len(word) > 2 and word not in _SMALL]
