"""The words the rules know: things with a category, places, languages, jobs and diets. Data only."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final


def word_set(text: str) -> frozenset[str]:
    """Return the words and phrases of a list written with commas."""
    return frozenset(part.strip() for part in text.split(",") if part.strip())


CATEGORIES: Final = MappingProxyType(
    {
        "project.cloud": word_set(
            "aws, amazon web services, gcp, google cloud, azure, digitalocean, hetzner, heroku, fly.io, "
            "vercel, netlify, "
            "render, linode, ovh, oracle cloud, scaleway, railway"
        ),
        "project.database": word_set(
            "postgres, postgresql, mysql, mariadb, sqlite, mongodb, mongo, oracle, sql server, mssql, cockroachdb, "
            "dynamodb, cassandra, firestore, supabase, planetscale, neo4j, duckdb"
        ),
        "project.cache": word_set("redis, memcached, valkey, dragonfly"),
        "project.warehouse": word_set("snowflake, bigquery, redshift, databricks, clickhouse"),
        "contact.channel": word_set(
            "slack, teams, microsoft teams, ms teams, discord, mattermost, zulip, google chat, whatsapp, telegram, "
            "rocket.chat, webex"
        ),
        "project.ci": word_set(
            "jenkins, github actions, gitlab ci, circleci, travis, travis ci, teamcity, buildkite, azure pipelines, "
            "bitbucket pipelines, drone"
        ),
        "project.tracker": word_set(
            "jira, linear, asana, trello, youtrack, github issues, gitlab issues, clickup, monday.com, "
            "shortcut, basecamp"
        ),
        "project.repo_host": word_set("github, gitlab, bitbucket, gitea, codeberg, azure devops"),
        "project.package_manager": word_set(
            "npm, yarn, pnpm, bun, poetry, pip, uv, pipenv, conda, cargo, maven, gradle"
        ),
        "editor": word_set(
            "vs code, vscode, visual studio code, vim, neovim, nvim, emacs, pycharm, intellij, intellij "
            "idea, webstorm, "
            "sublime text, sublime, zed, cursor, helix, xcode, android studio"
        ),
        "os": word_set(
            "windows, windows 10, windows 11, macos, mac os, a mac, mac, linux, ubuntu, debian, fedora, "
            "arch, arch linux, "
            "nixos, mint, linux mint, freebsd, chromeos"
        ),
        "shell": word_set("zsh, bash, fish, powershell, nushell"),
        "browser": word_set("firefox, chrome, google chrome, safari, edge, microsoft edge, brave, opera, vivaldi"),
    }
)
"""Single-choice slots and what fills them: a new choice in a slot takes the place of the old one."""

FAMILIES: Final = MappingProxyType(
    {
        "project.language": word_set(
            "python, go, golang, rust, java, kotlin, swift, typescript, javascript, ruby, php, c#, c++, scala, elixir, "
            "haskell, clojure, perl, lua, dart, ocaml, julia, f#, erlang, cobol, fortran"
        ),
        "project.framework": word_set(
            "django, flask, fastapi, react, vue, svelte, angular, next.js, nextjs, nuxt, rails, ruby on "
            "rails, laravel, "
            "symfony, spring, spring boot, express, nestjs, phoenix, tailwind, bootstrap, flutter, react "
            "native, pytorch, "
            "tensorflow, langchain, langgraph, .net, asp.net, jquery, remix, astro, solidjs, htmx"
        ),
        "project.uses": word_set(
            "kubernetes, k8s, docker, terraform, ansible, helm, nomad, kafka, rabbitmq, nats, sentry, "
            "datadog, grafana, "
            "prometheus, new relic, pagerduty, stripe, paypal, adyen, auth0, okta, elasticsearch, opensearch, algolia, "
            "nginx, cloudflare, airflow, dbt, notion, confluence, figma, storybook, zoom, hubspot, "
            "salesforce, zendesk, "
            "intercom, sendgrid, twilio, graphql, grpc, celery, pytest, jest, playwright, cypress, perforce, git, "
            "mercurial, svn, copilot, launchdarkly, segment, mixpanel, amplitude, webpack, vite, rollup, "
            "esbuild, eslint, prettier, looker, tableau, power bi, excel, airtable"
        ),
    }
)
"""Slots of which a team has several at once: one slot per thing."""

AMBIGUOUS_THINGS: Final = word_set(
    "render, railway, shortcut, linear, oracle, teams, drone, travis, fish, edge, opera, brave, safari, cursor, helix, "
    "mint, arch, windows, mac, go, swift, dart, julia, ruby, express, phoenix, spring, react, segment, "
    "notion, zoom, zed, "
    "bun, cargo, uv, basecamp, atom, solid, remix, astro, rust, java, perl, lua, sublime, slack, excel, signal"
)
"""Names that are also everyday words: they count with a capital, or when the whole text is in lower case."""

COUNTRIES: Final = word_set(
    "afghanistan, albania, algeria, argentina, armenia, australia, austria, azerbaijan, bangladesh, belarus, belgium, "
    "bolivia, bosnia, botswana, brazil, bulgaria, cambodia, cameroon, canada, chile, china, colombia, "
    "costa rica, croatia, "
    "cuba, cyprus, czechia, czech republic, denmark, ecuador, egypt, el salvador, england, estonia, ethiopia, finland, "
    "france, germany, ghana, greece, guatemala, honduras, hungary, iceland, india, indonesia, iran, iraq, ireland, "
    "israel, italy, jamaica, japan, jordan, kazakhstan, kenya, kuwait, laos, latvia, lebanon, libya, lithuania, "
    "luxembourg, madagascar, malaysia, malta, mexico, moldova, mongolia, montenegro, morocco, mozambique, myanmar, "
    "namibia, nepal, netherlands, new zealand, nicaragua, nigeria, north macedonia, northern ireland, norway, oman, "
    "pakistan, palestine, panama, paraguay, peru, philippines, poland, portugal, qatar, romania, russia, rwanda, "
    "saudi arabia, scotland, senegal, serbia, slovakia, slovenia, somalia, south africa, south korea, "
    "spain, sri lanka, "
    "sudan, sweden, switzerland, syria, taiwan, tanzania, thailand, tunisia, turkey, uganda, uk, ukraine, "
    "united arab emirates, uae, united kingdom, united states, uruguay, us, usa, uzbekistan, venezuela, "
    "vietnam, wales, "
    "yemen, zambia, zimbabwe"
)

CITIES: Final = word_set(
    "aarhus, abu dhabi, accra, adelaide, amsterdam, ankara, antwerp, athens, atlanta, auckland, austin, baltimore, "
    "bangalore, bangkok, barcelona, basel, beijing, belfast, belgrade, bengaluru, bergen, berlin, bern, "
    "birmingham, bogota, "
    "bologna, boston, bratislava, bristol, brisbane, brooklyn, brussels, bucharest, budapest, buenos aires, cairo, "
    "calgary, cambridge, cape town, cardiff, casablanca, chennai, chicago, cologne, copenhagen, cork, dallas, delhi, "
    "denver, detroit, dhaka, dresden, dubai, dublin, düsseldorf, edinburgh, florence, frankfurt, galway, "
    "gdansk, geneva, "
    "genoa, ghent, glasgow, gothenburg, granada, hamburg, hanoi, helsinki, ho chi minh city, hong kong, houston, "
    "hyderabad, istanbul, jakarta, jerusalem, johannesburg, karachi, kathmandu, kiev, kolkata, krakow, kraków, "
    "kuala lumpur, kyiv, kyoto, lagos, lahore, leeds, leipzig, lima, lisbon, liverpool, ljubljana, "
    "london, los angeles, "
    "lyon, madrid, malaga, manchester, manila, marseille, melbourne, mexico city, miami, milan, "
    "minneapolis, montevideo, "
    "montreal, moscow, mumbai, munich, nairobi, nantes, naples, nashville, new delhi, new york, newcastle, nice, "
    "nottingham, nuremberg, osaka, oslo, ottawa, oxford, palermo, paris, perth, philadelphia, phoenix, "
    "porto, portland, "
    "prague, pune, quebec, quito, reykjavik, riga, rio de janeiro, rome, rotterdam, salzburg, san diego, "
    "san francisco, "
    "santiago, sao paulo, são paulo, sarajevo, seattle, seoul, seville, shanghai, sheffield, shenzhen, "
    "singapore, sofia, "
    "stockholm, stuttgart, sydney, taipei, tallinn, tbilisi, tehran, tel aviv, the hague, tokyo, "
    "toronto, turin, utrecht, "
    "valencia, vancouver, venice, vienna, vilnius, warsaw, washington, wellington, winnipeg, wroclaw, "
    "zagreb, zurich, zürich"
)

REGIONS: Final = word_set(
    "alabama, alaska, alberta, arizona, arkansas, bavaria, british columbia, california, catalonia, colorado, "
    "connecticut, delaware, florida, georgia, hawaii, idaho, illinois, indiana, iowa, kansas, kentucky, "
    "louisiana, maine, "
    "maryland, massachusetts, michigan, minnesota, mississippi, missouri, montana, nebraska, nevada, new hampshire, "
    "new jersey, new mexico, north carolina, north dakota, nova scotia, ohio, oklahoma, ontario, oregon, pennsylvania, "
    "queensland, rhode island, saxony, south carolina, south dakota, tennessee, texas, tuscany, utah, "
    "vermont, victoria, "
    "virginia, west virginia, wisconsin, wyoming, ca, ny, tx, wa, or, il, ma, nj, fl, pa, dc, on, bc"
)

LANGUAGES: Final = word_set(
    "afrikaans, albanian, amharic, arabic, armenian, basque, bengali, bosnian, bulgarian, cantonese, catalan, chinese, "
    "croatian, czech, danish, dutch, english, esperanto, estonian, farsi, finnish, flemish, french, "
    "galician, georgian, "
    "german, greek, gujarati, hebrew, hindi, hungarian, icelandic, igbo, indonesian, irish, italian, "
    "japanese, kannada, "
    "kazakh, khmer, korean, kurdish, lao, latin, latvian, lithuanian, macedonian, malay, malayalam, maltese, mandarin, "
    "marathi, mongolian, nepali, norwegian, pashto, persian, polish, portuguese, brazilian portuguese, "
    "punjabi, romanian, "
    "russian, serbian, sinhala, slovak, slovenian, somali, spanish, swahili, swedish, swiss german, tagalog, tamil, "
    "telugu, thai, turkish, ukrainian, urdu, uzbek, vietnamese, welsh, xhosa, yiddish, yoruba, zulu, british english, "
    "american english, sign language"
)

NATIONALITIES: Final = word_set(
    "american, argentinian, australian, austrian, bangladeshi, belgian, brazilian, british, bulgarian, "
    "canadian, chilean, "
    "chinese, colombian, croatian, cuban, czech, danish, dutch, egyptian, english, estonian, ethiopian, "
    "filipino, finnish, "
    "french, german, ghanaian, greek, hungarian, icelandic, indian, indonesian, iranian, iraqi, irish, "
    "israeli, italian, "
    "jamaican, japanese, kenyan, korean, latvian, lebanese, lithuanian, malaysian, mexican, moroccan, nepali, "
    "new zealander, nigerian, norwegian, pakistani, palestinian, peruvian, polish, portuguese, romanian, russian, "
    "scottish, serbian, slovak, slovenian, south african, spanish, sri lankan, swedish, swiss, syrian, "
    "taiwanese, thai, "
    "tunisian, turkish, ukrainian, uruguayan, venezuelan, vietnamese, welsh"
)

JOBS: Final = word_set(
    "anaesthetist, anesthetist, "
    "accountant, actor, actress, actuary, analyst, architect, artist, assistant, attorney, author, baker, banker, "
    "barista, bartender, bookkeeper, bricklayer, builder, butcher, carpenter, cashier, ceo, cfo, chef, "
    "chemist, cleaner, "
    "coach, comedian, composer, consultant, contractor, cook, coo, copywriter, counsellor, counselor, "
    "courier, cpo, cto, "
    "ciso, dancer, dentist, designer, dev, developer, devops engineer, dietitian, director, doctor, driver, economist, "
    "editor, electrician, engineer, farmer, filmmaker, firefighter, fisherman, florist, founder, freelancer, gardener, "
    "geologist, hairdresser, head, historian, illustrator, instructor, interpreter, journalist, judge, "
    "lawyer, lecturer, "
    "lead, librarian, linguist, machinist, magistrate, manager, marketer, mechanic, midwife, musician, nanny, notary, "
    "novelist, nurse, nutritionist, officer, optician, painter, paralegal, paramedic, pediatrician, pharmacist, "
    "photographer, physician, pilot, plumber, poet, police officer, postdoc, potter, producer, professor, programmer, "
    "psychiatrist, publisher, radiographer, realtor, receptionist, recruiter, reporter, researcher, roofer, sailor, "
    "sales rep, scientist, secretary, shopkeeper, singer, social worker, solicitor, specialist, statistician, student, "
    "surgeon, surveyor, tailor, teacher, technician, therapist, trader, trainer, translator, tutor, veterinarian, vet, "
    "videographer, waiter, waitress, web developer, welder, writer, sysadmin, sre, administrator, tester, planner, "
    "coordinator, controller, operator, vp, principal, headteacher, pastor, priest, soldier, watchmaker, beekeeper"
)

JOB_SUFFIXES: Final = ("ologist", "ographer", "ometrist", "ontist", "therapist", "scientist")

DIETS: Final = word_set(
    "vegetarian, vegan, pescatarian, pescetarian, flexitarian, gluten-free, gluten free, keto, kosher, "
    "halal, omnivore, "
    "lactovegetarian, plant-based, dairy-free, dairy free, fruitarian"
)

CONDITIONS: Final = word_set(
    "diabetes, asthma, epilepsy, hypertension, arthritis, migraines, adhd, dyslexia, ibs, celiac "
    "disease, coeliac disease, "
    "crohn's, eczema, hemophilia, haemophilia, scoliosis, tinnitus, endometriosis"
)

RELATIONS: Final = word_set(
    "wife, husband, partner, girlfriend, boyfriend, fiancé, fiancée, fiance, fiancee, spouse, son, daughter, mother, "
    "father, mum, mom, dad, brother, sister, grandmother, grandfather, grandma, grandpa, aunt, uncle, cousin, nephew, "
    "niece, baby, grandson, granddaughter, stepson, stepdaughter, twin, flatmate, roommate"
)

CHILDREN: Final = word_set("kids, children, child, kid")
RELATIVES: Final = word_set(
    "brothers, sisters, siblings, sons, daughters, brother, sister, son, daughter, grandchildren"
)

PETS: Final = word_set(
    "dog, dogs, cat, cats, puppy, kitten, parrot, rabbit, rabbits, hamster, guinea pig, guinea pigs, horse, tortoise, "
    "turtle, snake, budgie, goldfish, ferret, gecko, labrador, poodle, beagle, collie, dachshund, corgi, retriever, "
    "golden retriever, german shepherd, terrier, bulldog, husky, chihuahua, pug, spaniel, greyhound, chickens, lizard"
)

TIMEZONES: Final = word_set(
    "cet, cest, gmt, bst, est, edt, pst, pdt, mst, mdt, cst, cdt, utc, ist, jst, aest, aedt, eet, eest, wet, msk, sgt, "
    "hkt, nzst, kst, brt, art, pacific, eastern, central, mountain, central european, eastern european, pacific time, "
    "eastern time, central time, mountain time"
)

INSTRUMENTS_AND_GAMES: Final = word_set(
    "guitar, piano, violin, cello, drums, bass, flute, saxophone, trumpet, clarinet, ukulele, harp, accordion, banjo, "
    "viola, bass guitar, electric guitar, oboe, football, soccer, tennis, chess, basketball, volleyball, "
    "badminton, golf, "
    "squash, rugby, cricket, hockey, table tennis, padel, go, poker, bridge, dungeons and dragons, d&d, baseball"
)

ATTRIBUTE_HEADS: Final = word_set(
    "channel, region, branch, tier, cluster, namespace, registry, codename, prefix, currency, style guide, convention, "
    "naming convention, license, licence, headquarters"
)
"""The last word of what belongs to a team or an account: "our deploy channel", "our release branch"."""

AMOUNT_HEADS: Final = word_set("version, budget, port, length, limit, quota, rate limit, timeout, retention, team size")
"""Heads whose value is a number."""

DUE_HEADS: Final = word_set("deadline, date, release day, launch day, freeze, cutoff, cut-off")
"""Heads whose value is a time."""

PEOPLE_HEADS: Final = word_set("lead, manager, master, owner, cto, ceo, boss, sponsor, coach, mentor")
"""Heads whose value is a person."""

ENVIRONMENTS: Final = word_set("staging, production, prod, dev, development, test, testing, qa, preprod, uat")

MONTHS: Final = (
    "jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sep(?:t(?:ember)?)?|oct(?:ober)?|"
    "nov(?:ember)?|dec(?:ember)?"
)
DAYS: Final = "(?:mon|tues|wednes|thurs|fri|satur|sun)days?"

FIXED_PAIRS: Final = word_set(
    "rock and roll, rock & roll, fish and chips, drum and bass, mac and cheese, black and white, arts and crafts, "
    "salt and pepper, bed and breakfast, dungeons and dragons, peanut butter and jelly, rhythm and blues, r and b, "
    "gin and tonic, bread and butter, track and field, ham and eggs, true crime and punishment, milk and honey"
)
"""Things whose name holds an "and"."""
