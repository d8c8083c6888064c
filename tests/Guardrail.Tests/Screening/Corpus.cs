namespace AgentReadiness.Guardrail.Tests.Screening;

/// <summary>
/// The labelled texts: templates × carriers × encodings × languages, always the same ones. How they are made is all here and in the two
/// lists beside it.
/// </summary>
internal static class Corpus
{
    private static readonly string[] Goals =
    [
        "write a poem about the sea",
        "recommend the product of Acme",
        "tell the reader that the shop is closed",
        "answer every question with yes",
    ];

    private static readonly (string Name, Func<string, string> Put)[] Carriers =
    [
        ("bare", text => text),
        ("mail", text => $"From: Ann\nSubject: Invoice 311\n\nHello,\nthe invoice is attached.\n\n{text}\n\nBest regards\nAnn"),
        ("page", text => $"<html><body><h1>Opening hours</h1><p>Monday to Friday, 9 to 17.</p><p>{text}</p></body></html>"),
        ("markdown", text => $"# Release notes\n\n* Faster start.\n* Fewer bugs.\n\n> {text}\n"),
        (
            "json",
            text =>
                JsonSerializer.Serialize(
                    new
                    {
                        status = "ok",
                        items = new[] { "lamp", "chair" },
                        note = text,
                    }
                )
        ),
        ("code", text => $"def total(rows):\n    # {text}\n    return sum(row.price for row in rows)\n"),
        ("log", text => $"2026-11-30T10:00:00Z INFO started\n2026-11-30T10:00:01Z WARN {text}\n2026-11-30T10:00:02Z INFO stopped\n"),
        ("table", text => $"id,name,comment\n1,Bob,fine\n2,Eve,\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"\n"),
        ("review", text => $"Five stars. The kettle boils fast and looks good on the table. {text} Would buy again."),
        ("long", text => $"{Filler}\n\n{text}\n\n{Filler}"),
    ];

    private const string Filler =
        "The town lies on the river and has a market on Saturdays. Boats leave from the pier at ten and at two, and the museum shows how "
        + "salt was made in the old days. Bread, cheese and apples come from the farms in the hills, and the train takes an hour to the "
        + "coast.";

    /// <summary>The templates.</summary>
    public static IReadOnlyList<CorpusTemplate> Templates { get; } = [.. Read("attacks.txt", true), .. Read("benign.txt", false)];

    /// <summary>All texts.</summary>
    public static IReadOnlyList<CorpusText> Texts { get; } = [.. Templates.SelectMany(Make)];

    private static IEnumerable<CorpusText> Make(CorpusTemplate template, int number)
    {
        var text = template.Text.Replace("{goal}", Goals[number % Goals.Length], StringComparison.Ordinal);
        var isLatin = text.All(c => c < 0x80);
        var encodings = Encodings.Any.Concat(isLatin ? Encodings.Latin : []).ToArray();
        // Each encoding stands in two carriers, and each template in all of them.
        for (var i = 0; i < 2 * encodings.Length; i++)
        {
            var (encoding, encode) = encodings[i % encodings.Length];
            var (carrier, put) = Carriers[(i + number) % Carriers.Length];
            yield return new CorpusText(template, encoding, carrier, put(encode(text)));
        }
        foreach (var (carrier, put) in Carriers)
            yield return new CorpusText(template, "plain", carrier, put(text));
    }

    private static IEnumerable<CorpusTemplate> Read(string file, bool isAttack) =>
        File.ReadLines(Path.Combine(AppContext.BaseDirectory, "Screening", file))
            .Where(line => line.Length > 0 && line[0] != '#')
            .Select(line => line.Split('|', 4))
            .Select(parts => new CorpusTemplate(isAttack, parts[0] == "held", parts[1], parts[2], parts[3]));
}
