using System.Text;
using System.Xml;

namespace AgentReadiness.Evals.Readers.JUnit;

/// <summary>
/// JUnit XML in its dialects: <c>testsuites</c> or <c>testsuite</c>, nested at will. A case is worth 1 or 0. The same class and name
/// again in one suite is a repeat, and so is each failure of a rerun that is listed inside a case: a test that passes at the second try
/// passed half the time. Declared counts must agree with the cases, as one of the known tools counts them.
/// </summary>
internal sealed class JUnitReader
{
    private const int MaxDepth = 32;
    private const int MaxResults = 1_000_000;

    private readonly List<(string Path, string Id, Measurement First, int Lost)> found = [];
    private readonly Dictionary<string, string> paths = new(StringComparer.Ordinal);
    private readonly HashSet<string> ambiguous = new(StringComparer.Ordinal);
    private readonly List<string> path = [];
    private readonly JUnitXml xml;
    private JUnitCounts? root;

    private JUnitReader(JUnitXml xml) => this.xml = xml;

    public static CaseCollector Read(Stream stream)
    {
        // Windows code pages, where a file declares one.
        Encoding.RegisterProvider(CodePagesEncodingProvider.Instance);
        try
        {
            using var bounded = new BoundedTexts(stream);
            using var reader = XmlReader.Create(
                bounded,
                new XmlReaderSettings
                {
                    DtdProcessing = DtdProcessing.Prohibit,
                    XmlResolver = null,
                    MaxCharactersInDocument = ResultsReader.MaxBytes,
                    CloseInput = false,
                }
            );
            reader.MoveToContent();
            if (reader.NodeType != XmlNodeType.Element || reader.LocalName is not ("testsuites" or "testsuite"))
                throw new ResultsException(EvalReasons.UnknownFormat, OtherFormats.OfXml(reader.LocalName));
            var junit = new JUnitReader(new JUnitXml(reader));
            junit.Suite();
            while (reader.Read())
            {
                // Nothing but space and comments may follow; the parser sees to it.
            }
            return junit.Cases();
        }
        catch (XmlException exception)
        {
            throw ResultsException.Unreadable(
                $"not XML, cut off, with a DTD, or in an encoding that is not known: {exception.Message}",
                exception
            );
        }
        // An encoding whose name no provider knows.
        catch (ArgumentException exception)
        {
            throw ResultsException.Unreadable($"XML in an encoding that is not known: {exception.Message}", exception);
        }
    }

    private JUnitCounts Suite()
    {
        if (xml.Depth > MaxDepth)
            throw ResultsException.Unreadable($"suites nest deeper than {MaxDepth}");
        var counts = new JUnitCounts(xml, root);
        root ??= counts;
        path.Add(counts.Name);
        var summary = false;
        string? inner = null;
        xml.Children(
            () =>
            {
                switch (xml.Known)
                {
                    case "testsuite":
                        counts.Add(Suite());
                        break;
                    case "testcase":
                        Case(counts);
                        break;
                    // The suite itself broke down, for example while it was set up.
                    case "error" or "failure" when xml.Attribute("type") != "subtestsFailed":
                        Broken(counts, xml.Attribute("message"));
                        xml.Skip();
                        break;
                    case "error" or "failure":
                        summary = true;
                        xml.Skip();
                        break;
                    case "properties":
                        xml.Children(() =>
                        {
                            if (xml.Known != "property")
                                inner ??= xml.Name;
                            counts.Property(xml, () => inner ??= xml.Name);
                        });
                        break;
                    case "system-out" or "system-err":
                        xml.Skip(() => inner ??= xml.Name);
                        break;
                    case "skipped":
                        counts.Word("skipped", "true");
                        xml.Skip(() => inner ??= xml.Name);
                        break;
                    default:
                        Unknown(counts, $"the element <{JUnitXml.Short(xml.Name)}> in it is not understood");
                        xml.Skip();
                        break;
                }
            },
            text => Unknown(counts, $"the text \"{JUnitXml.Short(text)}\" in it is not understood")
        );
        if (inner is not null)
            Unknown(counts, $"the element <{JUnitXml.Short(inner)}> further in is not understood");
        if (counts.NotUnderstood() is { } word)
            Unknown(counts, word);
        // node notes at a suite that a test in it failed. Where none did, something else is wrong.
        if (summary && !counts.AnyBad)
            Broken(counts, "it failed, and no test in it did");
        counts.Check();
        path.RemoveAt(path.Count - 1);
        return counts;
    }

    private void Case(JUnitCounts counts)
    {
        var one = new JUnitCase(xml);
        one.Read();
        counts.Add(one.Tally);
        var group = one.Class.Length > 0 ? one.Class : counts.Name;
        var id = $"{group}.{one.Name}".TrimStart('.');
        Found(id, one.ToMeasurement(id), one.Lost);
    }

    private void Broken(JUnitCounts counts, string? message)
    {
        counts.Broke();
        SuiteCase(counts, message);
    }

    private void Unknown(JUnitCounts counts, string fault)
    {
        counts.Misunderstood();
        SuiteCase(counts, fault);
    }

    private void SuiteCase(JUnitCounts counts, string? fault)
    {
        var id = $"{counts.Name} (suite)";
        Found(id, Measurement.Of(id, CaseOutcome.Errored) with { Fault = fault }, 0);
    }

    private void Found(string id, Measurement measured, int lost)
    {
        if (found.Count == MaxResults)
            throw ResultsException.Unreadable($"more than {MaxResults} results");
        var where = string.Join(" / ", path.Where(name => name.Length > 0));
        found.Add((where, id, measured, lost));
        if (!paths.TryAdd(id, where) && paths[id] != where)
            ambiguous.Add(id);
    }

    // Two suites with a case of one class and name have two cases, and not one case with repeats.
    private CaseCollector Cases()
    {
        var cases = new CaseCollector();
        foreach (var (where, id, first, lost) in found)
        {
            var named = ambiguous.Contains(id) ? $"{where}: {id}" : id;
            cases.Add(first with { Id = named });
            for (var i = 0; i < lost; i++)
                cases.Add(Measurement.Of(named, CaseOutcome.Failed) with { Tags = first.Tags });
        }
        return cases;
    }
}
