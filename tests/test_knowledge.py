"""knowledge.json becomes entries: nothing is lost, and plain questions find the right one."""

import json
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenants_app.knowledge import Entries, Entry, parse_knowledge, relevant
from tenants_app.problems import DocumentError
from tenants_app.words import stem

DATA = Path(__file__).parent / "data"
DEMO = Path(__file__).parents[1] / "tenants_app" / "demo"
KNOWN = 0.5


def knowledge(place, language="pt-BR"):
    return parse_knowledge(json.loads(place.read_text()), language)[0]


def best(tenant, question):
    found = knowledge(DEMO / tenant / "knowledge.json").relevant(question, 1)
    return found[0][0].id if found and found[0][1] >= KNOWN else None


def facts(value):
    if isinstance(value, dict):
        return [fact for child in value.values() for fact in facts(child)]
    if isinstance(value, list):
        return [fact for child in value for fact in facts(child)]
    return [value]


def test_sections_are_typed():
    known = knowledge(DATA / "newer/knowledge.json")
    assert known.plans["anual"].recommended
    assert known.plans["mensal"].features == ("Musculação", "Aulas coletivas")
    assert known.faq[0].answer == "Tem, para trinta carros."


def test_entries_have_stable_readable_ids():
    ids = [entry.id for entry in knowledge(DATA / "newer/knowledge.json").entries]
    assert ids == [
        "business_info",
        "plans:mensal",
        "plans:anual",
        "policies:payment",
        "policies:cancellation",
        "discovery_questions",
        "objection_handlers:too_expensive",
        "faq:1",
        "pool",
    ]


def test_an_entry_reads_like_words_of_the_assistants_language():
    [plan] = [entry for entry in knowledge(DATA / "newer/knowledge.json").entries if entry.id == "plans:anual"]
    assert plan.title == "Plano Anual"
    assert plan.text == "preço: R$ 89/mês\ninclui: Tudo do Mensal; Piscina\nrecomendado: sim"


def test_a_category_is_told_to_the_model_but_not_to_visitors():
    first = knowledge(DATA / "older/tenant_knowledge.json").entries
    [question] = [entry for entry in first if entry.id == "faq:1"]
    assert question.answer == "Às quintas, por encomenda."
    assert "categoria: pães" in question.text


def test_an_unknown_section_is_kept_and_warned_about():
    known, warnings = parse_knowledge({"pool": {"lanes": 4}, "faqs": []})
    assert [entry.text for entry in known.entries] == ["lanes: 4"]
    assert warnings[0].startswith("pool: not a known section")
    assert warnings[1].endswith("did you mean faq?")


@pytest.mark.parametrize("place", [*DATA.glob("*/*knowledge.json"), *DEMO.glob("*/knowledge.json")], ids=str)
def test_every_fact_of_a_file_stands_in_an_entry(place):
    said = "\n".join(f"{entry.title}\n{entry.text}" for entry in knowledge(place).entries)
    assert [fact for fact in facts(json.loads(place.read_text())) if isinstance(fact, str) and fact not in said] == []


marks = st.integers(0, 10**6).map(lambda number: f"fact{number:07}x")
keys = st.sampled_from(["one", "two", "three", "four"])
trees = st.recursive(
    marks,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(["business_info", "contact", "policies"]), st.dictionaries(keys, trees)))
def test_every_fact_stands_in_exactly_one_entry_however_deep_it_lies(raw):
    entries = parse_knowledge(raw)[0].entries
    for fact in set(facts(raw)):
        assert sum(entry.text.count(fact) for entry in entries) == facts(raw).count(fact)
    assert len({entry.id for entry in entries}) == len(entries)


def test_every_problem_is_reported_at_once():
    with pytest.raises(DocumentError) as caught:
        parse_knowledge({"faq": [{"question": "a?"}], "contact": [], "services": [{"price": 3}, 4], "plans": 5})
    assert {problem.key for problem in caught.value.problems} == {
        "faq[0].answer",
        "contact",
        "services[0].name",
        "services[1]",
        "plans",
    }


def test_items_may_be_names_or_an_object_by_name():
    known = parse_knowledge(
        {"specialties": ["Angiologia"], "services": {"Corte": {"price": 40}, "Barba": "À navalha"}}
    )[0]
    assert [item.name for item in known.services] == ["Corte", "Barba"]
    assert [entry.id for entry in known.entries] == ["specialties", "services:corte", "services:barba"]


@pytest.mark.parametrize(
    ("tenant", "question", "entry"),
    [
        ("timmy_vendas", "quanto custa?", "faq:1"),
        ("timmy_vendas", "quais planos vocês tem?", "plans:essencial"),
        ("timmy_vendas", "qual o preço do profissional então", "plans:profissional"),
        ("timmy_vendas", "tá muito caro", "objection_handlers:too_expensive"),
        ("timmy_vendas", "posso testar?", "policies:trial"),
        ("timmy_vendas", "How much is it?", "faq:1"),
        ("varizemed", "aceita unimed?", "faq:2"),
        ("varizemed", "que horas vocês abrem?", "hours"),
        ("varizemed", "ONDE FICA?", "contact"),
        ("varizemed", "queria marcar uma consulta", "faq:1"),
        ("varizemed", "¿dónde están?", "contact"),
        ("default", "vcs entregam em belo horizonte?", "faq:1"),
        ("default", "comprei aí e veio quebrado", "faq:5"),
        ("default", "quais as formas de pagamento", "faq:7"),
    ],
)
def test_a_plain_question_finds_its_entry(tenant, question, entry):
    assert best(tenant, question) == entry


@pytest.mark.parametrize("tenant", ["default", "timmy_vendas", "varizemed"])
@pytest.mark.parametrize(
    "question",
    ["qual a capital da França?", "asdf qwer", "quem ganhou a copa?", "quanto é 2+2?", "escreve um poema", "oi", ""],
)
def test_nonsense_and_other_topics_are_not_known(tenant, question):
    assert best(tenant, question) is None


@given(st.text(max_size=80))
def test_a_score_lies_between_nothing_and_one(question):
    entries = Entries([Entry("faq:1", "faq", "Quanto custa?", "R$ 10"), Entry("hours", "hours", "Horário", "9h")])
    assert all(0 < score <= 1 for _entry, score in relevant(entries, question))


@pytest.mark.parametrize("words", [("agendar", "agendamento", "agenda"), ("cartão", "cartões"), ("plano", "planos")])
def test_forms_of_a_word_share_a_stem(words):
    assert len({stem(word.replace("ã", "a").replace("õ", "o")) for word in words}) == 1


def test_a_hundred_entries_answer_within_a_millisecond():
    entries = Entries(
        Entry(f"faq:{n}", "faq", f"Assunto {n} custa?", f"O assunto {n} custa R$ {n}") for n in range(100)
    )
    relevant(entries, "quanto custa?")
    best_of = []
    for _ in range(20):
        before = time.perf_counter()
        relevant(entries, "quanto custa o assunto 7?")
        best_of.append(time.perf_counter() - before)
    assert min(best_of) < 0.001
