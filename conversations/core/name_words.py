"""Words that tell a person's name from any other word in Portuguese, Spanish and English (all without accents)."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Common given names. A name that is missing here is still found after "me chamo"; the list matters where the words
# around a name prove less ("sou …", "this is …") and where the visitor types in lower case.
GIVEN = _words(
    """
abel abigail abner abraao acacia adail adalberto adao adelaide adele adelia adelina adelino adelmo ademar
ademir aderson adilson adolfo adrian adriana adriane adriano adriel adrielle agatha agda agenor agnaldo
agnes agostinho aguinaldo ahmed ailton aime aimee ainhoa aisha aitor alaide alan alana alba albert alberta
albertina alberto alceu alcides alcione alda aldair aldo alejandra alejandro alencar alessandra alessandro
alex alexa alexander alexandra alexandre alexia alexis alexsandra alexsandro alfonso alfred alfredo alice
alicia aline alirio alisha alison alisson allan allana allison alma almir aloisio alonso altair altamir
aluisio alvaro alvin alyssa alzira amadeu amalia amancio amanda amaro amaury amber amelia americo amir amy
ana ana-maria anabel anabela anais analia ananda anastacia anderson andre andrea andreas andreia andres
andressa andrew andreza andy anete angel angela angelica angelina angelita angelo angie anibal aninha
anita ann anna anne annie anselmo anthony antonella antonia antonieta antonio antony aparecida aparecido
april araceli archie ariadne ariana ariane ariel arlene arlete arlindo arman armando arnaldo arnold arthur
artur ary ashley atila audrey augusta augusto aurea aurelia aurelio aurora austin ayla aylton ayrton
barbara bartolomeu basilio beatrice beatriz becky bel belinda benedita benedito benicio benito benjamim
benjamin benny bento bernadete bernard bernardo bernice berta bertha beth bethany betina beto betty bia
bianca bill billy blanca bob bobby brad bradley brandon brenda brendan breno brent brett brian brianna
bridget britney brittany brooke bruce bruna bruno bryan cadu caetano caio calvin camila camilla camille
camilo candice candida carina carl carla carlinhos carlitos carlo carlos carlota carly carmela carmelita
carmelo carmem carmen carol carole carolina caroline carolyn carrie casey cassandra cassia cassiano cassio
catalina catarina catherine cathy catia caua cecil cecilia cedric celeste celestino celia celina celio
celso cesar chad charlene charles charlie charlotte chelsea cheryl chico chiquinho chloe chris christian
christiana christiane christina christine christopher christy cibele cicera cicero cida cindy cinthia
cintia cirilo ciro clarence clarice clarissa claude claudemir claudete claudette claudia claudiana
claudinei claudio clayton cleber cleberson cleide cleidiane cleiton clelia clement clemente cleonice
cleusa cleuza clifford clodoaldo clotilde clovis cody colin concepcion connie connor conrado consuelo cora
cordelia corey corina cornelio courtney craig cris cristian cristiana cristiane cristiano cristina
cristobal cristovao crystal curtis cynthia cyntia dagmar daiana daiane daisy dalila dalton dalva damian
damiana damiao dan dana dandara dani daniel daniela daniele danielle danielly danilo danny dante dara
darci darcy darlene darren darryl dave davi david dawn dayana dayane dayse dean deanna debbie debora
deborah debra deise deisy deivid dejanira delfina delia delma delmira demetrio denilson denis denise
dennis denver derek desiree deusa devin diana diane diego dilma dilson dimas dina dinah dinorah diogenes
diogo dirce dirceu divina djair djalma dolores domingos dominic dominique donald donna dora doralice doris
dorival dorothy douglas drew duarte duda dulce dulcineia duncan durval dustin dylan earl ebony ed eddie
edgar edgard edilene edileusa edilson edina edinaldo edinho edison edith edivaldo edmar edmilson edmund
edmundo edna edson edu eduarda eduardo edvaldo edward edwin eladio elaine elba elcio eleanor elena
eleonora eli elian eliana eliane elias eliel eliene elieser eliezer elio elis elisa elisabete elisabeth
elisangela eliseu elisson eliza elizabete elizabeth elizandra elizangela elizete ella ellen ellie elma
elmer eloa eloah eloi eloisa eloy elsa elson elton elvira elvis elza emanoel emanuel emanuela emanuele
emanuelle emerson emilia emiliano emilio emily emma enrique enzo erasmo eric erica erick erik erika erin
ernest ernestina ernesto esdras esmeralda esperanca esteban estefania estela ester esther etelvina ethan
euclides eudes eugene eugenia eugenio eula eulalia eunice eurico euridice eusebio eva evan evandro
evaristo eve evelin evelina eveline evellyn evelyn everaldo everton ewerton ezequiel fabi fabia fabiana
fabiane fabiano fabio fabiola fabricia fabricio fagner fatima fatoumata faustino fausto felicia feliciano
felipe felix ferdinando fermin fernanda fernandinha fernando fidel filipa filipe filomena fiona flavia
flaviana flaviane flavio flor florence florencia floriano floyd fran frances francesca francesco franciele
francielle francielly francine francis francisca francisco franck franco frank franklin fred freddie
frederica frederick frederico gabi gabriel gabriela gabriele gabriella gabrielle gabrielly gael gail
garrett gary gaspar geferson geisa geisiane gema genesio geni genilson genival genoveva geoffrey george
georgia georgina geovana geovane geovanna geraldina geraldo gerard gerardo gerson gertrudes gerusa gesiel
gessica getulio gian giane gil gilberto gilda gildo gilmar gilson gilvan gina ginger giovana giovane
giovani giovanna giovanni gisela gisele giselle gisleine giulia giuliana giuseppe gizele gladis gladys
glaucia glauco gleice gleici gleidson gleison glen glenda glenn gloria godofredo goncalo gonzalo gordon
graca grace graciela graciele graziela graziele grazielle greg gregorio gregory guadalupe gui guilherme
guilhermina guillermo guiomar gus gustavo guto hamilton hanna hannah harold harriet harry harvey hassan
hattie haydee heather hector heidi heitor helder helen helena helene helenice helga heliana helio heloisa
heloise helton henri henrique henry herbert heriberto herman hermes herminia herminio hernan hilary hilda
hildebrando hilton holly homero horacio hortencia howard hudson hugo humberto iago ian iara ibrahim icaro
ida idalina ieda ignacio igor ilana ilda ildefonso ilma ilza inacio inara ines inez ingrid iolanda iona
iracema iran irani irene irineu iris isa isaac isabel isabela isabele isabella isabelle isabelly isadora
isaias isaque isidoro isis ismael israel itamar iuri ivan ivana ivanete ivani ivanilda ivanildo ivete ivo
ivone ivonete ivy iza izabel izabela izabella izael izaura jaciara jacinta jacinto jacira jack jackie
jackson jaco jacob jacqueline jade jader jadson jailson jailton jaime jair jairo jake jamal james jamie
jamila jamile jan jana janaina jandira jane janet janete janice janine jaqueline jarbas jared jasmim
jasmine jason javier jayden jayme jean jeane jeanette jeanine jeanne jeferson jeff jefferson jeffrey
jenifer jeniffer jennifer jenny jeremias jeremy jeronimo jerry jesse jessica jessie jessyca jesualdo jesus
jhon jhonatan jhonny jian jill jim jimena jimmy jin jo joabe joan joana joanna joanne joao joaquim joaquin
joaquina jocelyn joe joel joelma joelson joey johann john johnny jon jonas jonatan jonatas jonathan joni
jordan jordana jordi jorge jorgina jose joseane josefa josefina joselia joselito josenildo joseph
josephine josh joshua josi josiane josias josue josy joy joyce juan juana juca jucelino juciara judas jude
judite judith judy juju julia julian juliana juliane juliano julie juliet julieta julieth julinha julio
junior juraci jurandir jurema jussara justin justina justino kai kaio kaique kamila kamilla kamilly karen
karin karina karine karl karla karol karolina karoline kate katharine katherine kathleen kathryn kathy
katia katiane katie katrina kauan kauane kaue kay kaylee keila keith kelly kelvin ken kendra kenji kennedy
kenneth kenny kessia kevin kim kimberly kirk kleber kristen kristin kristina kurt kyle laercio lais laisa
laiza lana lara larissa larry laryssa laura lauren laurence lauriane laurinda lauro lavinia layane layla
lazara lazaro lea leah leandra leandro leanne leda leia leila leilane lelia lena leni lenice lenilson
lenita leo leocadia leon leona leonard leonardo leonel leonice leonidas leonor leonora leopoldo leroy
lesley leslie leticia lia lian liana lidia lidiane ligia lilia lilian liliana liliane lillian lily lincoln
linda lindalva lindinalva lindomar lindsay lindsey lisa lisandra lisiane livia liz liza lizandra lloyd
lois lola lorena lorenzo loretta lori lorraine louis louise lourdes lourenco lourival lu luan luana luane
luc luca lucas lucca lucelia lucena luci lucia lucian luciana luciane luciano lucicleide lucidio lucila
lucilene lucilia lucimar lucimara lucinda lucineia lucinha lucio lucy ludmila ludmilla luigi luis luisa
luiz luiza luizinho luke lulu luna lupe luzia lydia lyndon lynn mabel macarena madalena madeleine madison
mafalda magali magaly magda magdalena magna magno maiara maicon maila mainara maira maisa maite malcolm
malena malu manoel manoela manolo manu manuel manuela mara marc marcel marcela marcele marceli marcelino
marcella marcelle marcelo marcia marcinho marcio marco marcos marcus mardoqueu margaret margarete
margareth margarida margarita margo mari maria mariah mariam mariana mariane marianna marianne mariano
mariazinha marie mariela mariele marielle marieta marilda marilena marilene marilia marilin marilu
marilucia marilyn marilza marina marinalva marinete marinez mario marisa marise marisol maristela mariza
marjorie mark marlene marlete marli marlon marlucia marly marquinhos marta martha martim martin martina
marvin mary mason mateo mateus matheus mathew mathias matias matilda matilde matt matthew maura maureen
mauri mauricio mauro max maximiliano maximo maxwell maya mayara maycon mayra meg megan meire melanie
melina melinda melissa melody mercedes mercia meredith mia micaela michael michele michelle michelly
miguel mikael mike mila milagros mildred milena milton mina mindy mirela mirella miriam mirian mirna
misael mitchell moacir moema mohamed mohammed moises molly monica monika monique morgan muhammad muriel
murilo mylena myriam nadia nadine nadir nadja naiara nair naira nancy nanda nando naomi napoleao nara
natacha natalia natalie natalino nataly natan natanael natasha nathalia nathalie nathaly nathan nathaniel
nayara nazare nei neide neiva nelci nelio nelly nelma nelson nelza nestor neusa neuza newton ney nicholas
nick nicola nicolas nicole nicoly nidia nigel nikolas nilcea nilda nildo nilo nilson nilton nilva nilza
nina nivaldo nivea noa noah noel noelia noemi noemia nora norberto norma norman norton nubia nuno octavio
odair odete odilon ofelia olavo olegario olga olinda oliver olivia olivio omar onofre orlanda orlando
oscar osmar osvaldo oswaldo otacilio otavio otilia otto owen pablo paco palmira paloma pam pamela paola
paolo pascoal pat patrice patricia patrick patty paul paula paulina pauline paulinha paulino paulo
pedrinho pedro peggy penelope pepe perla peter petra petronio philip phillip phoebe phyllis pierre pietra
pietro pilar plinio poliana pollyana polyana preston priscila priscilla priya querubim quezia quincy
quirino quiteria rachel radames rafa rafael rafaela rafaele rafaella rahul raiane raimunda raimundo raissa
raj ralf ralph ramiro ramon ramona randy rangel raphael raphaela raquel raul ray rayane rayanne raymond
rayssa rebeca rebecca regiane regina reginald reginaldo regis reinaldo rejane renan renata renato rene
renee renildo renilson ricardo richard rick ricky riley rita robert roberta roberto robin robson rocio
roderick rodney rodolfo rodrigo rogelio roger rogerio roland rolando romario romeo romeu romildo romulo
ron ronald ronaldo ronan rone ronnie roque rosa rosalia rosalina rosalinda rosalva rosana rosane rosangela
rosania rosario rosaura rose roseane roseli rosely rosemary rosemeire rosenilda rosiane rosilda rosilene
rosimar rosimeire rosinha rosy roxanne roy ruan rubem ruben rubens rubia rufus rui russell rute ruth ruy
ryan sabina sabrina saimon sakura salete salma salome salvador salvadora salvatore sam samanta samantha
samara samir samira samuel sandra sandro sandy sanjay santiago sara sarah sarai saul scott sean sebastian
sebastiana sebastiao selena selene selma serafim sergio severina severino shannon sharon sheila shelby
sheldon shelley sherry shirley sibele sidnei sidneia sidney siegfried sierra silas silmara silvana
silvania silvano silverio silvia silvino silvio simao simon simone simony sirlei sirlene sofia solange
soledad sonia sonya sophia sophie soraia soraya spencer stacey stacy stanley stefani stefania stefany
stella stephan stephanie stephany stephen sterling steve steven stewart stuart sue suelen sueli suellen
suely susan susana susanna susanne susie suzana suzane suzanne suzi sylvia tabata tadeu taina tainara tais
taisa taissa takeshi talia talita talles tamara tami tamires tamiris tania tanya tara tarcila tarcisio
tati tatiana tatiane taylor telma telmo teo teodora teodoro teofilo terence teresa tereza terezinha terry
thais thaisa thales thalia thalita thamires thayna thays thelma theo theodore theresa thiago thomas thomaz
tiago tiana tiffany tim timothy tina tobias toby todd tom tomas tomaz tome tommy tonho toni tonia toninho
tony tracey tracy travis trevisan trevor tricia tristan tulio tyler tyrone ubaldo ubirajara ulisses
ulysses uriel ursula vagner valdeci valdecir valdemar valdemir valdenice valderez valdete valdinei valdir
valdirene valdivino valentim valentin valentina valeria valeriano valerie valerio valmir valmira valquiria
valter vanda vanderlei vanderleia vanderson vanessa vania vanice vanusa vera verena veronica vicenta
vicente vicki victor victoria vilma vilmar vilson vincent vini vinicius violet violeta virgilio virginia
vita vitor vitoria vivi vivian viviana viviane viviani vladimir wagner walace walber waldemar waldir
waldyr wallace walmir walter wanda wanderlei wanderley wanderson wanessa warley warren washington wayne
wei welington wellerson wellington wendel wendell wendy wesley weslley weverton wilbur wilfredo wiliam
william williams willian willy wilma wilmar wilson wilton windson xavier ximena yago yan yanna yara yasmim
yasmin yasmine yesenia yohanna yolanda yuki yuri yusuf yvonne zaida zainab ze zeca zelia zenaide zeneide
zenilda zezinho zilda zilma zita zoe zoraide zuleica zuleide zulmira
"""
)

# Family names, and the words that close a name.
FAMILY = _words(
    """
abreu acosta aguiar aguilar albuquerque alcantara alencar almeida alonso alvarenga alvares alvarez alves
amador amancio amaral amorim andrade anjos antunes aragao arantes araripe araujo arruda assis assuncao
ataide avelar avila azeredo azevedo bachini baker bandeira baptista barbosa barcelos barreto barros
barroso bastos batista becker bennett bernardes bernardo bezerra bianchi bittencourt boaventura bonfim
borba borges botelho braga branco brandao brito brooks brown bueno cabral caetano caldas caldeira calixto
camara camargo campbell campos cardoso carmo carneiro carrasco carter carvalho castanho castilho castillo
castro cavalcante cavalcanti cerqueira chagas chaves clark coelho collins conceicao contreras cook cooper
cordeiro cordova correa correia cortes cortez costa costello coutinho couto cox cruz cunha damasceno
dantas davis delgado dias diaz diniz domingues dominguez duarte dutra edwards escobar esteves evangelista
evans fagundes faria farias fernandes fernandez ferrari ferraz ferreira ferreyra figueira figueiredo filho
flores fogaca fonseca fontes fontoura fraga franca franco freire freitas fuentes furtado galvao gama
garcia gimenez godoy goes gomes gomez goncalves gonzaga gonzalez gouveia graca gray green guedes guerra
guerrero guimaraes gutierrez hall harris henriques herrera hill holanda howard hughes jackson jardim jesus
jimenez johnson jones jordao junior junqueira king lacerda lago leal leao lee leite leme lemos lewis lima
linhares lins lisboa lobato lobo longo lopes lopez loureiro lourenco luz macedo machado maciel madeira
madruga magalhaes maia malta marinho marques marquez martinez martins mata matos mattos medeiros medina
meireles mello melo mendes mendez mendonca menezes mesquita miller miranda mitchell molina monteiro
montenegro moore moraes morais morales moreira moreno morgan morris mota motta moura mourao moya muniz
munoz murphy nascimento navarro negrao nelson neri nery neto neves nobre nogueira noronha novaes novais
nunes ochoa oliveira ortega ortiz pacheco padilha paes paiva paixao parker passos paula paz pedrosa
pedroso peixoto penha pereira peres perez perry pessoa phillips pimenta pimentel pinheiro pinho pinto
pires pontes portela porto prado prates prazeres queiroz quintana quintero ramalho ramires ramirez ramos
rangel rego reis remedios resende reyes rezende ribas ribeiro rios rivera robinson rocha rodrigues
rodriguez rogers rojas romero rosa rosario rossi ruiz sa salazar sales salgado salles salvador sampaio
sanches sanchez sanders santana santiago santo santos saraiva schmidt schneider scott serra severo silva
silveira silvestre siqueira smith soares sobral sobrinho soto sousa souto souza stewart suarez tavares
taveira teixeira teles telles terra thompson toledo torres trindade turner uchoa valadares vale valente
valle vargas vasconcelos vasques vaz vega veiga velasco velasquez ventura vera viana vianna vidal vieira
vilela villela walker ward watson weber white williams wilson wood wright xavier young zago zanetti
zimmermann
"""
)

# Both a name and an everyday word: written in lower case after "sou" or alone, the everyday word is meant.
ALSO_WORDS = _words(
    """
ali amado amber angel april art ary aurora austin bel bela benedita bento bill branca caetano candida
carmo celeste cesar charlotte chase chico cida clara consuelo cora crystal daisy dan dawn dean denver
divina divino dolores domingos dora drew earl esperanca faith felicia felix flor flora florence fran
franco frank gema gil gloria graca gracas grace grant guadalupe guy hope ida iris israel ivy jade jesus
jordan joy lea leia li lia lincoln linda lu luna luz madison magna magno margarida marina mark mason max
maximo may mei mercedes milagros miles mina nadir natalino olinda pat paz pepe pilar plinio rangel ray
rich rita rob rocio roque rosa rose salvador santa santiago serra severina severino sexta socorro sol
soledad sue summer taylor tim tome valente vera via victoria violeta virginia vita vitoria washington will
"""
)

# Cities, states and countries that could follow "de" or "sou".
PLACES = _words(
    """
acre alagoas amapa amazonas angola aracaju argentina bahia barcelona barra bauru belem berlin blumenau
bogota bolivia boston braga brasil brasilia brazil california campinas canada caracas caxias ceara centro
chicago chile china coimbra colombia copacabana cuiaba curitiba df england espana eua feira florianopolis
florida fortaleza france germany goiania goias guarulhos ilheus india ipanema italia italy japan japao
joinville jundiai la lima lisboa london londrina macapa maceio madrid manaus maranhao mexico mg mocambique
moema montevideo natal niteroi ny osasco palmas para paraguai paraguay paraiba parana paris pelotas
pernambuco peru piaui pinheiros porto portugal quito recife rj rondonia roraima rs salvador santos sergipe
sevilla sorocaba sp spain teresina texas tocantins uberlandia uk uruguai uruguay us usa valencia venezuela
"""
)

# Words that end a name, and that no name starts with. Grammar first, then what people say about themselves.
NEVER = _words(
    """
a abc able abogada abogado about abraco abracos abril account achei acho actually address adulta adulto
advogada advogado afraid african afternoon again agendar agende agora agosto agricultor agricultora ahora
ai ainda ajuda al alergica alergico algo alguem alguien algum alguma ali all allergic already also alta
alto aluna aluno always am amanha american amiga amigo amor an analista analyst and android anjo ano
anonima anonimo anonymous anos another ansiosa ansioso antes any anytime ao aonde aos aparelho apelido
apellido apenas apos aposentada aposentado apple aprendiz aquela aquele aqui arab are argentino arquiteta
arquiteto artesa artesao artist as asap asdf asian asking asmatico assim assistente at ate atencao
atenciosamente atendente atendimento ateu atheist atleta ator atriz att august aun autista autonoma
autonomo av avenida avo awesome ayer baba back bad baiana baiano bairro baixa baixo banco barbeiro barriga
be bebe bebezinho been beijo beijos being beleza belo bem bi biologo biomedico bispo bjs blogueiro
bloqueado blz boa boas boleto bom bombeiro bonita bonito bons bored boss bot botafogo botox boy bradesco
brasileira brasileiro brazilian brigada brigado british brother buenas buenos burra burro buscando busco
busy but by bye ca cabeca cabeleireiro cabelo cada cadastrada cadastrado cadastro cadeirante caixa called
calling calvo caminhoneiro can canal cancelar canhoto cannot cansada cansado cant cantor cantora capaz
careca carioca cartao casa casada casado catholic catolica catolico cearense cedo cega cego cel celiaca
celiaco cell celular ceo cep certainly certeza certo cfo chata chato chef chefe chief chilena chileno
chinese christian cidade cientista cirurgia clareamento claro client cliente clientes clinica clt cnpj
coach codigo cofundador colega colombiana colombiano coluna com combinado comigo common como completely
completo complicado compra comprador compradora comprei comum con concursado concurseiro confidencial
confusa confused confuso consegue consigo consulta consultant consultor consultora consultorio conta
contact contador contadora contato contigo contra contribuinte convenio coo cool coordenador coordenadora
corinthians correct correio correo correto corretor corretora costas costureira could cozinheiro cpf crazy
crianca crista cristao cruzeiro cto cual cuando cuidador cuidadora culpado cunhada cunhado curiosa curioso
curious currently curto customer da dad das data daughter de december dei dela delas dele delegada
delegado deles dente dentes dentista depois depressiva depressivo deputado desculpa desculpe desde desejo
desempregado designer destro deu deus dev developer dezembro dia diabetic diabetica diabetico diarista
dias dice did diferente dificil digo dijo diretor diretora disse divorced divorciada divorciado diz dizer
do doador doadora doctor doente does domestica dona donde done dono dor dores dos dou doutor doutora dr
dra driver duvida duvidas e each eai easy economista el ela elas ele eles em email empreendedor empresa
empresaria empresario endereco enfermeira enfermeiro engenheira engenheiro engineer english entao entendi
entre entrega entregador entrei enviar envie envio equipa equipe era eram eres errada errado es escola
escorpiano escritorio ese eso espanhol espanol espanola especially espero espirita esposa esposo esqueci
essa essas esse esses esta estado estagiaria estagiario estan estao estar estava este estilista estive
esto estou estoy estuda estudante estudiante estudio estudo eu european evangelica evangelico evening
every exame excited executiva executive executivo fa facil faco fala falando falar falei falo falta
farmaceutico father favor faxineira faz fazer febre february feia feio feito feliz fevereiro filha filho
filhos finally financeiro fine first fisico fisioterapeuta fiz flamengo fluminense foi fone for forte
fotografo founder fraco free freelancer freira french friday friend from fui fumador fumante funcionaria
funcionario fundador fundadora gamer garcom garganta gata gato gaucha gaucho gay genro gente gerente
german gestante get girl glad going gold good google gorda gordo gostaria gostei gosto got gracias grande
grata grato gravida great greek gremio guy hablo had happy hard hardware has hasta have having he head
hello her here hermana hermano hers hetero hey hi hija hijo him hindu hipertensa hipertenso his hoje hola
hombre homem hopefully hora horas hospital how hoy human humano hungry husband i idade idosa idoso if
igreja igual ill im implante in incapaz incompleto incorreto indian influencer informacao informacoes
ingeniera ingeniero iniciante inocente interesado interessada interessado interested intern into
intolerante iphone ir irma irmao is israeli isso isto it italian itau its ive ja janeiro january jewish
joelho jogador jogadora jornalista jovem judeu judia jueves juiz juiza julho july june junho just know la
las last late later latina latino lawyer lead legal legally leiga leigo lembro leonino lesbica lhe licenca
ligar ligo ligue liguei like limpeza limpo lindo link llama llamo lo logo loira loiro loja lojista long
longo looking los lost louca louco love lunes machine made madre madrugada mae maestra maestro magra magro
mail maio mais make mal man manager manana manda mandar mande mandei manha manicure maquina marcar march
marco marido marketing marquei married martes mas maybe mayor me mecanico medica medico mei melhor menina
menino menor menos mes mesma mesmo mestre meu meus mexican mexicana mexicano mi miercoles might militar
mim mine mineira mineiro minha minhas minuto minutos mis missing misspelled mobile moca moco mom monday
mora morena morning moro mostly mother motoboy motorista movil muita muito muitos mujer mulher musico
muslim must muy my na nada nadie name namorada namorado nao nas nasci nascimento necesito need negativado
negra negro nem nenhum nenhuma neta neto never new ni nice night ninguem no nobody noite noiva noivo
nombre nome nomes none nope nora nordestino nos nossa nosso not nova novato november novembro novo now
nubank nuestro nueva nuevo null num numa number numero nunca nurse nutricionista o obesa obeso obg
obrigada obrigado october of officer oi oie ok okay ola old olho on onde one only ontem opa or orcamento
order os other otima otimo ou our outra outras outro outros outubro ouvido over owner paciente pacientes
padeiro padre pagamento pago paguei pai pais palmeiras para parda pardo partly pastor patient patrao
paulista paulistano pcd pedido pedreiro peito pela pelas pele pelo pelos pensionista pequeno perdao perdi
perfeito pergunta perna pero personal peruana peruano pesquisador pesquisadora pessoa pf pfv phone pintor
pior pix pj plano please pleno pls pobre pode podem poderia podia policia policial por porem porfavor
porque portador portadora portaria porteiro portugues portuguesa portuguese posso pq pra pras prazer
precisamos precisava preciso preco prefeito prefeitura pregnant premium preocupada preocupado president
presidente prima prime primeiro primo princesa private pro probably problema procuro product produto
produtor produtora profesora professor professora programador programadora programmer project promotor
pros protestado protocolo psicologa psicologo publicitario puede puedo quais qual quando quanto quantos
quarta quase que quem quer querem queria querida querido quero quien quiero quimico quinta quite qwerty
rainha rapaz ready reagendar really recebi recepcionista reclamacao registrado rei remarcar remedio
responsavel restaurante retired retorno rg rica rico rio robo robot rosto rua ruim ruiva ruivo sabado sad
sagitario sales salve same santa santander sao sargento saturday se searching secret secretaria secreto
see segredo segunda sei sem semana sempre sendo senha senhor senhora senior senti september ser sera
servico setembro setor seu seus sexta shall she short should show si sick sim simples simply sin sindica
sindico single sinto sister site so sob sobre sobrenome sobrinha sobrinho socia social socio software
sogra sogro soldado solteira solteiro solteirona soltera soltero some somente somos son soon sorry sou soy
spanish speaking specialist spelled sr sra sras srs srta still streamer stuck student su sua suas sujo
sulamerica sunday supervisor suporte surda surdo sure surname sus swiss ta talking talvez tambem tambien
tao tarde tava taxista tb tbm te teacher technician tecnica tecnico tel telefone telefones tem temos tengo
tenho ter terapeuta terca test testando teste testemunha testing teu teve texan than thank thanks that the
their them then there these they think this those thursday thx ti tia ticket tiene time timida timido
tinha tio tipo tired titular to toda todas today todo todos tomorrow tonight too tosse totally tou
trabajando trabajo trabalha trabalho trainee trainer trans tratamento triste troca trocado trying tu tua
tudo tuesday turkish tuyo two uber ultimo um uma umas un una unable unas undefined under unemployed
unfortunately unimed universitario unos uns urgencia urgente us usar user using uso usted ustedes usually
usuaria usuario vacina vai valeu valor vamos varios varizes vasco vc vcs vegan vegana vegano vegetarian
vegetariano veio vejo velha velho vem vendas vendedor vendedora venezolano venho ver vereador very vi vice
vida viejo viernes vigilante vim vindo vip visitor viuva viuvo vivo vizinha vizinho vlw voce voces volta
voluntaria voluntario vou waiting want was we wednesday well were what whats whatsapp when where which who
whom whose why wife with without woman wondering working worried would wpp writer writing wrong xxx y yeah
yep yes yesterday you young your yours youtuber zap zelador
"""
)

# What people say after their name, sometimes with a capital.
CLOSINGS = _words(
    "obrigado obrigada obg grato grata gracias thanks thank oi ola hi hello hola bom boa tudo ok sim nao hoje aqui"
    " paciente cliente whatsapp telefone email cpf you we they the and"
)

# Titles before a name; they are not part of it.
TITLES = _words("sr sra srta senhor senhora dr dra doutor doutora dona seu mr mrs ms miss don dom prof profa")

PARTICLES = _words("da de do das dos e del la las los y van von der di du san")

# Names of assistants; a visitor who says "sou o Timmy" is joking.
ASSISTANTS = _words("timmy siri alexa chatgpt gpt")
