using System.Diagnostics;
using AgentReadiness.Guardrail.Screening;
using AgentReadiness.Guardrail.Tests.Screening;

if (args is not [var document, ..])
{
    Console.Error.WriteLine("usage: bench-screening DOCUMENT.md [misses]");
    return 2;
}
var texts = Corpus.Texts;
if (args.Contains("misses"))
{
    // Of the templates that rules may be tuned on, and of no others.
    foreach (var text in texts.Where(text => !text.Template.IsHeld && Screener.Screen(text.Text).IsFound != text.Template.IsAttack))
        Console.WriteLine($"{text.Template.Family}/{text.Template.Language}/{text.Encoding}/{text.Carrier}: {text.Template.Text}");
    return 0;
}
string Row(string name, Func<CorpusText, bool> of)
{
    Rates Of(bool isAttack, bool isHeld) =>
        Rates.Of(texts.Where(text => text.Template.IsAttack == isAttack && text.Template.IsHeld == isHeld && of(text)));
    string Cell(bool isAttack, bool isHeld) => Of(isAttack, isHeld) is { All: > 0 } rates ? rates.ToString() : "–";
    return $"| {name} | {Cell(true, false)} | {Cell(true, true)} | {Cell(false, false)} | {Cell(false, true)} |\n";
}
var table = new StringBuilder();
table.Append(CultureInfo.InvariantCulture, $"{texts.Count:#,0} texts of {Corpus.Templates.Count} templates.\n\n");
table.Append("| | found, tuned | found, held out | false, tuned | false, held out |\n| --- | --- | --- | --- | --- |\n");
table.Append(Row("**all**", _ => true));
foreach (var family in Corpus.Templates.Select(template => template.Family).Distinct())
    table.Append(Row(family, text => text.Template.Family == family));
foreach (var encoding in Encodings.Any.Keys.Concat(Encodings.Latin.Keys))
    table.Append(Row(encoding, text => text.Encoding == encoding));
table.Append(Row("English", text => text.Template.Language == "en"));
table.Append(Row("other languages", text => text.Template.Language != "en"));
Console.Write(table);

var prose = string.Concat(Enumerable.Repeat(Corpus.Templates.First(template => template.Family == "Ordinary").Text + "\n", 9));
var before = GC.GetAllocatedBytesForCurrentThread();
var clock = Stopwatch.StartNew();
const int Rounds = 2000;
for (var i = 0; i < Rounds; i++)
    Screener.Screen(prose);
var spent = clock.Elapsed.TotalMicroseconds / Rounds * 1024 / prose.Length;
Console.Error.WriteLine(
    $"{spent:0.0} µs and {(GC.GetAllocatedBytesForCurrentThread() - before) / Rounds} bytes for a text of {prose.Length}"
);
await File.WriteAllTextAsync(
    document,
    new MarkedText("make bench-screening").Replace(await File.ReadAllTextAsync(document), table.ToString()),
    new UTF8Encoding(false)
);
return 0;
