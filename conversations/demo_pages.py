"""The words of the invented businesses on the demo pages: content, as a customer would write it, in Portuguese."""

from typing import NamedTuple


class Card(NamedTuple):
    """One product or service; `art` names a drawing in templates/demo/art.html, `tint` a colour of demo.css."""

    name: str
    note: str
    price: str
    art: str
    tint: str


class DemoPage(NamedTuple):
    """Everything a demo page says."""

    theme: str
    brand: str
    topline: str
    menu: tuple[str, ...]
    eyebrow: str
    title: str
    lead: str
    action: str
    second: str
    hero: tuple[str, str, str]
    section: str
    more: str
    cards: tuple[Card, ...]
    perks: tuple[tuple[str, str], ...]
    quote: str
    author: str
    footer: str


AURORA = DemoPage(
    theme="aurora",
    brand="Loja Aurora",
    topline="Frete grátis em Campinas a partir de R$ 180 · Cartão de cuidados em cada planta",
    menu=("Plantas", "Vasos", "Decoração", "Guia de cuidados"),
    eyebrow="Coleção de primavera",
    title="Mais verde para os seus dias.",
    lead="Plantas escolhidas uma a uma, vasos feitos à mão e um guia simples para tudo crescer bem na sua casa.",
    action="Ver a coleção",
    second="Qual planta combina comigo?",
    hero=("monstera", "sword", "cactus"),
    section="As queridinhas da estação",
    more="Ver todas",
    cards=(
        Card("Costela-de-adão", "Luz indireta · fácil", "R$ 129", "monstera", "sky"),
        Card("Espada-de-são-jorge", "Pouca luz · muito fácil", "R$ 89", "sword", "sand"),
        Card("Cacto mandacaru", "Sol pleno · muito fácil", "R$ 59", "cactus", "blush"),
        Card("Jiboia pendente", "Meia-sombra · fácil", "R$ 79", "pothos", "sage"),
        Card("Suculenta rosa-de-pedra", "Sol da manhã · fácil", "R$ 39", "succulent", "sand"),
        Card("Vaso Lua com capim", "Cerâmica feita à mão", "R$ 149", "vase", "sky"),
        Card("Zamioculca", "Pouca luz · muito fácil", "R$ 99", "zamia", "blush"),
        Card("Luminária Aurora", "Luz quente regulável", "R$ 219", "lamp", "sand"),
    ),
    perks=(
        ("Chega inteira", "Embalagem sem plástico, feita para plantas viajarem bem."),
        ("Cresce bem", "Um cartão de cuidados em cada vaso, escrito para a sua planta."),
        ("Nunca sozinha", "Ajuda por mensagem depois da compra, enquanto a planta viver."),
    ),
    quote="“Chegaram lindas e bem embaladas. E a Íris respondeu na hora quando fiquei na dúvida sobre a rega.”",
    author="Marina, de Campinas",
    footer="Loja Aurora é uma loja inventada para mostrar o Timmy.",
)

VARIZEMED = AURORA._replace(
    theme="clinic",
    brand="Varizemed",
    topline="Atendimento com hora marcada · segunda a sábado",
    menu=("Tratamentos", "Equipe", "Unidades", "Dúvidas"),
    eyebrow="Cuidado vascular",
    title="Pernas leves, passo a passo.",
    lead="Consulta com especialista, exame no mesmo dia quando preciso e um plano claro até o retorno.",
    action="Agendar avaliação",
    second="Como funciona?",
    hero=("heart", "leaf", "steps"),
    section="Como podemos ajudar",
    more="Todos os tratamentos",
    cards=(
        Card("Avaliação vascular", "Consulta e exame no mesmo dia", "Agende", "heart", "sky"),
        Card("Vasinhos", "Sessões rápidas no consultório", "Saiba mais", "leaf", "blush"),
        Card("Varizes", "Técnicas sem internação", "Saiba mais", "steps", "sage"),
        Card("Retorno", "Acompanhamento de perto", "Saiba mais", "calendar", "sand"),
    ),
    perks=(
        ("Sem pressa", "Consultas com tempo para as suas perguntas."),
        ("Sem surpresa", "Plano e valores explicados antes de começar."),
        ("Por perto", "Equipe disponível depois de cada sessão."),
    ),
    quote="“Entendi cada etapa antes de decidir. Fui muito bem cuidada.”",
    author="Rosa, paciente inventada",
    footer="Página inventada para mostrar o Timmy; não é um serviço de saúde.",
)

TIMMY_VENDAS = AURORA._replace(
    theme="sales",
    brand="Timmy",
    topline="Assistentes que lembram de cada conversa",
    menu=("Produto", "Planos", "Clientes", "Ajuda"),
    eyebrow="Atendimento com memória",
    title="Converse com cada cliente como se fosse o único.",
    lead="Um assistente que lê a conversa inteira antes de responder e chama uma pessoa na hora certa.",
    action="Conhecer os planos",
    second="Falar com o Timmy",
    hero=("bubble", "chart", "calendar"),
    section="O que ele faz por você",
    more="Ver tudo",
    cards=(
        Card("Responde", "No seu site e no WhatsApp", "Como?", "bubble", "sky"),
        Card("Entende", "Nome, contato e intenção, sem formulário", "Como?", "heart", "blush"),
        Card("Agenda", "Do primeiro oi à data marcada", "Como?", "calendar", "sage"),
        Card("Mostra", "Cada conversa em um arquivo que você abre", "Como?", "chart", "sand"),
    ),
    perks=(
        ("Em minutos", "Uma linha no seu site e pronto."),
        ("Com controle", "Sua equipe acompanha e assume quando quiser."),
        ("Seus dados", "Tudo em CSV, seu para sempre."),
    ),
    quote="“Parece que ele já conhecia cada cliente nosso.”",
    author="Cliente inventado",
    footer="Página inventada para mostrar o Timmy.",
)

DEMO_PAGES = {"default": AURORA, "varizemed": VARIZEMED, "timmy_vendas": TIMMY_VENDAS}
