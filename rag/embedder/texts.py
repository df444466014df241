"""Fixed texts of many kinds, by which whole numbers are made of weights and then judged.

None of them is from a question set. Changing one of `SEEN` may change the file that is made, and so
`int8.RECIPE` must change with it.
"""

from __future__ import annotations

# By these it is found which channels stay exact.
SEEN: tuple[str, ...] = (
    "",
    "?",
    "a",
    "Terms of delivery",
    "when was the bridge closed",
    "who wrote the letter to the council in 1931?",
    "The ferry runs every twenty minutes from six in the morning until midnight.",
    "Annual report 2023: revenue rose by 4.2 % to EUR 1,310.5 million.",
    "ROM, 12. März – Der Vertrag wurde gestern von beiden Parteien unterschrieben.",
    "Le musée est fermé le lundi, sauf les jours fériés, et l'entrée est gratuite pour les "
    "enfants.",
    "橋は1931年に閉鎖された。",
    "def area(width, height):\n    return width * height  # in square metres",
    "| item | count | price |\n|---|---|---|\n| bolts, 8 mm | 400 | 12.80 |\n| nuts | 400 | 9.10 |",
    "https://example.org/archive/2019/04/minutes.html?page=3#votes",
    "Subject: Re: Re: invoice 2207-B\nDear Ms Okafor, please find the corrected invoice attached.",
    "Chapter 4\nMethods\nSamples of 5 ml were drawn every hour, cooled to 4 °C and centrifuged at "
    "3,000 rpm for ten minutes; the residue was dried and weighed to the nearest milligram.",
    "The court held that the tenant, who had given notice in writing, was not liable for rent "
    "falling due after the end of the quarter, and dismissed the landlord's appeal with costs.",
    "She did not answer at once. Outside the rain had stopped, and somewhere in the yard a door "
    "was banging in the wind. “You might have told me,” she said at last.",
    "Photosynthesis is the process by which plants, algae and some bacteria turn light into "
    "chemical energy. In most of them it releases oxygen, which is why the air holds so "
    "much of it.",
    "1. Open the valve. 2. Wait until the gauge reads 2.5 bar. 3. Close the valve and lock it. "
    "4. Note the time, the pressure and your name in the book that hangs beside the boiler.",
    "Midfielder Ana Ruiz scored twice in the second half as the hosts won 3-1; the visitors, "
    "reduced to ten players after a red card in the 38th minute, had led from the fourth.",
    "Side effects may include headache, dizziness, nausea and dry mouth. Do not take more than two "
    "tablets in 24 hours. Ask a doctor before use if you have liver disease, are pregnant or take "
    "medicines that thin the blood. Keep out of the reach of children, below 25 °C, in the box.",
    "Members present: Hall, Ito, Jensen (chair), Kowalska, Lund. Apologies: Moreau. The minutes of "
    "the last meeting were approved without change. The treasurer reported a balance of 18,422.17 "
    "at the end of May, against 16,905.60 a year before; the difference is due to two legacies. It "
    "was resolved, four votes to one, to repair the roof of the boathouse before the winter, at a "
    "cost of at most 9,000, and to ask three firms for offers. Ms Lund asked that the vote against "
    "be recorded as hers: she would rather see the jetty done first. Any other business: none.",
    "Title: A short history of the canal\nDate: 2011-06-30\nThe canal was dug between 1792 "
    "and 1799 "
    "by some four hundred labourers, many of whom had come from the north after two bad harvests. "
    "It was meant for coal, and for forty years coal is what it carried: in 1835 more than ninety "
    "thousand tons went down it to the sea. Then the railway came. Traffic fell by half within a "
    "decade, and the company, which had paid a dividend of nine per cent, paid none after "
    "1851. The "
    "upper locks were filled in during the first war and the towpath sold. What is left, about "
    "eleven miles from the basin to the old mill, was bought by the county in 1964 for one pound, "
    "dredged by volunteers over fifteen summers, and opened to boats again on a wet day in May.",
)

# By these it is decided whether the whole numbers are good enough to be used.
JUDGED: tuple[str, ...] = (
    "...",
    "Contents",
    "how long is the ban",
    "What conditions did the committee set for the sale of the land?",
    "The library is closed on Sundays.",
    "Net loss was $3.4 million, or 12 cents a share, compared with a profit of $1.1 million.",
    "El acuerdo entró en vigor el 3 de mayo de 2018.",
    "Поезд отправляется в 7:45 с третьего пути.",
    "SELECT name, COUNT(*) FROM orders GROUP BY name HAVING COUNT(*) > 3;",
    "E-mail: office@example.org, telephone +44 20 7946 0000, open 9-17",
    "Author: R. Whitfield\nPublished: 4 October 1998\nWhy the lights went out",
    "It was not made clear whether the pause would also apply outside the country.",
    "The orchard behind the school was planted by its first headmaster, a keen grower of pears, "
    "of which eleven kinds are still there.",
    "Under section 12(3) the supplier may end the contract if a bill is more than sixty days "
    "overdue, provided that it has given notice and the customer has not paid within a fortnight.",
    "The enzyme is most active at pH 7.4 and loses nine tenths of its activity above 50 °C; the "
    "mutant with serine in place of cysteine was stable for an hour but half as fast.",
    "Mix 300 g of flour with a pinch of salt, rub in 150 g of butter and add just enough cold "
    "water to bind. Rest for half an hour, roll out thinly and bake at 190 °C until golden.",
    "The singer's third album, recorded in a barn in eleven days, reached number two in her own "
    "country and went unnoticed elsewhere until a film used one of its songs four years later.",
    "“We have asked the ministry for the figures three times,” the auditor said, “and three times "
    "we were told that they would come next week.” A spokeswoman for the ministry declined to "
    "comment. The report is to be laid before parliament in the autumn.",
    "To reset the device hold both buttons for ten seconds until the light blinks red. All "
    "settings are lost, and so are readings that have not been sent. If the light stays green, the "
    "battery is too low: charge it for an hour and try again. Do not open the housing; there is "
    "nothing inside that can be repaired, and the seal cannot be closed again.",
    "Of the 1,204 people who were asked, 61 % had used the bus in the last month, 22 % not for a "
    "year or more, and 17 % could not say. Those under thirty used it more often than those over "
    "sixty (68 % against 57 %), and people without a car more often than people with one, as was "
    "to be expected; that people with two cars used it more often than people with one was not, "
    "and may be due to the few of them, 74, who were reached. Most complaints were about "
    "lateness (431), fares (388) and the new timetable (305), which 40 % had never seen.",
    "In the spring of that year the two brothers quarrelled over the mill, and though both lived "
    "on for a quarter of a century they never spoke again. Each had his own account of it. "
    "According to the elder, the younger had sold the water rights behind his back to a "
    "neighbour; according to the younger, the elder had agreed to the sale, taken his half of the "
    "money and drunk it. The papers, which came to light when the house was cleared in 1958, show "
    "that neither was right: the rights had never belonged to the family at all. They had been "
    "leased from the bishop for ninety-nine years, the lease had run out eleven years before, and "
    "nobody, least of all the bishop, had noticed. The neighbour was never told, and his "
    "grandchildren mill there to this day.",
)
