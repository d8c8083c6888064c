using System.Text;
using System.Text.Json;
using AgentReadiness.Evals.Readers;
using AgentReadiness.Evals.Readers.JUnit;

namespace AgentReadiness.Evals;

/// <summary>
/// Reads the results file of any known tool. The format is found by content, never by name. A file that is unreadable, partial or
/// empty has a problem and never a pass. Memory is bounded by the number of cases, not by the size of the file.
/// </summary>
public static class ResultsReader
{
    /// <summary>Cases of one file.</summary>
    public const int MaxCases = 100_000;

    /// <summary>Length of a file, in bytes: 1 GiB.</summary>
    public const long MaxBytes = 1024L * 1024 * 1024;

    // What the first JSON value has on its top level, beside the format it tells.
    private const int MaxKeys = 1000;

    /// <summary>Reads a file.</summary>
    /// <param name="stream">From its start; it must be seekable, and stays open.</param>
    /// <returns>The cases, or the problem that makes them worthless. Only faults of the stream itself are thrown.</returns>
    /// <exception cref="ArgumentException">The stream cannot seek.</exception>
    /// <exception cref="IOException">The stream cannot be read.</exception>
    public static EvalResults Read(Stream stream)
    {
        if (!stream.CanSeek)
            throw new ArgumentException("the stream must be seekable", nameof(stream));
        string? format = null;
        try
        {
            if (stream.Length > MaxBytes)
                throw ResultsException.Unreadable($"more than {MaxBytes} bytes");
            (format, var read) = Recognise(stream);
            stream.Position = 0;
            var cases = read(stream).ToCases();
            if (cases.Count == 0)
                throw new ResultsException(EvalReasons.NoCases, "the file has no cases: an empty measurement is not a pass");
            return new EvalResults { Format = format, Cases = cases };
        }
        catch (ResultsException exception)
        {
            return new EvalResults { Format = format, Problems = [new ResultsProblem(exception.Reason, exception.Message)] };
        }
    }

    /// <summary>
    /// The format of a file, without its cases: one word of <see cref="ResultFormats"/>, null where it is of no known one. A file that
    /// looks like JSON and is broken could be of any, and is the empty text.
    /// </summary>
    /// <exception cref="ArgumentException">The stream cannot seek.</exception>
    /// <exception cref="IOException">The stream cannot be read.</exception>
    public static string? FormatOf(Stream stream)
    {
        if (!stream.CanSeek)
            throw new ArgumentException("the stream must be seekable", nameof(stream));
        try
        {
            var (format, _) = Recognise(stream);
            if (format != ResultFormats.JUnit)
                return format;
            // Any report for people is of angle brackets, too.
            stream.Position = 0;
            var head = new byte[8192];
            var text = Encoding.UTF8.GetString(head.AsSpan(0, stream.ReadAtLeast(head, head.Length, throwOnEndOfStream: false)));
            return text.Replace("\0", string.Empty, StringComparison.Ordinal).Contains("<testsuite", StringComparison.Ordinal)
                ? format
                : null;
        }
        catch (ResultsException exception)
        {
            return exception.Reason == EvalReasons.ResultsUnreadable ? string.Empty : null;
        }
    }

    private static (string Format, Func<Stream, CaseCollector> Read) Recognise(Stream stream)
    {
        stream.Position = 0;
        var head = new byte[512];
        var start = head.AsSpan(0, stream.ReadAtLeast(head, head.Length, throwOnEndOfStream: false));
        if (start.IsEmpty)
            throw new ResultsException(EvalReasons.NoCases, "the file is empty");
        if (start.StartsWith("PK"u8))
            return (ResultFormats.Inspect, InspectArchive.Read);
        if (WideText.Of(start) is { } wide)
            return wide.IsXml ? (ResultFormats.JUnit, JUnitReader.Read) : RecogniseWide(stream, wide);
        var text = (start.StartsWith(Encoding.UTF8.Preamble) ? start[3..] : start).TrimStart(" \t\r\n"u8);
        if (text.IsEmpty)
            throw new ResultsException(EvalReasons.NoCases, "the file holds nothing but space");
        if (text[0] == '<')
            return (ResultFormats.JUnit, JUnitReader.Read);
        if (text[0] is not ((byte)'{' or (byte)'['))
            throw new ResultsException(EvalReasons.UnknownFormat, "neither a JSON object, nor a list, nor XML, nor an archive");
        return RecogniseJson(stream);
    }

    // JSON is UTF-8, but a shell of Windows writes UTF-16 where a tool's output is sent to a file.
    private static (string Format, Func<Stream, CaseCollector> Read) RecogniseWide(Stream stream, WideText wide)
    {
        using var narrow = wide.ToUtf8(stream);
        var (format, read) = RecogniseJson(narrow);
        return (
            format,
            file =>
            {
                using var bytes = wide.ToUtf8(file);
                return read(bytes);
            }
        );
    }

    private static (string Format, Func<Stream, CaseCollector> Read) RecogniseJson(Stream stream)
    {
        if (stream.CanSeek)
            stream.Position = 0;
        var json = new JsonStream(stream, lines: true);
        json.Require();
        // Only one tool writes a list, and what its first element is tells.
        var list = json.Token == JsonTokenType.StartArray;
        if (list)
            json.Require();
        if (list && json.Token != JsonTokenType.StartObject)
            throw new ResultsException(EvalReasons.UnknownFormat, "a JSON list of no known tool");
        var keys = new HashSet<string>(StringComparer.Ordinal);
        void Note(string key)
        {
            if (keys.Count < MaxKeys)
                keys.Add(
                    json.Token == JsonTokenType.StartObject ? key + "{}"
                    : json.Token == JsonTokenType.StartArray ? key + "[]"
                    : key
                );
        }
        json.Object(key =>
        {
            Note(key);
            // Several tools have an object of this name; what is in it tells them apart.
            if (key == "results" && json.Token == JsonTokenType.StartObject)
                json.Object(inner => Note($"results.{inner}"));
        });
        var found = list ? ListCandidates(keys).ToList() : Candidates(keys, json.Read()).ToList();
        return found.Count switch
        {
            1 => found[0],
            0 => throw new ResultsException(
                EvalReasons.UnknownFormat,
                OtherFormats.OfJson(keys)
                    ?? $"JSON of no known tool; its keys are {string.Join(", ", keys.Order(StringComparer.Ordinal).Take(8))}"
            ),
            _ => throw new ResultsException(
                EvalReasons.UnknownFormat,
                $"JSON that could be of {string.Join(" or ", found.Select(one => one.Format))}"
            ),
        };
    }

    private static IEnumerable<(string Format, Func<Stream, CaseCollector> Read)> ListCandidates(HashSet<string> keys)
    {
        if (keys.Contains("scenarioName") && keys.Contains("evaluationResult{}"))
            yield return (ResultFormats.ExtensionsAI, Single(ExtensionsAIReader.Document));
    }

    private static IEnumerable<(string Format, Func<Stream, CaseCollector> Read)> Candidates(HashSet<string> keys, bool lines)
    {
        if (keys.Contains("format") && (keys.Contains("cases") || keys.Contains("cases[]") || keys.Contains("error") || lines))
            yield return (ResultFormats.Native, keys.Contains("cases[]") ? Single(NativeReader.Document) : Lines(NativeReader.Lines));
        if (keys.Contains("rows[]") && keys.Contains("metrics{}"))
            yield return (ResultFormats.AzureEvaluation, Single(AzureEvaluationReader.Document));
        if (keys.Contains("status") && keys.Contains("eval{}"))
            yield return (ResultFormats.Inspect, Single(InspectReader.Document));
        if (keys.Contains("testCases[]") || keys.Contains("conversationalTestCases[]") || keys.Contains("testRunData{}"))
            yield return (ResultFormats.DeepEval, Single(DeepEvalReader.Document));
        var summary = keys.Contains("results[]") && (keys.Contains("stats{}") || keys.Contains("table{}") || keys.Contains("version"));
        var export =
            keys.Contains("results.results[]")
            || keys.Contains("results.outputs[]")
            || keys.Contains("results.table{}")
            || (keys.Contains("results.stats{}") && keys.Contains("results.version"));
        if (summary || export || (keys.Contains("table{}") && !keys.Contains("results[]")))
            yield return (ResultFormats.Promptfoo, Single(PromptfooReader.Document));
        if (keys.Contains("success") && (keys.Contains("promptIdx") || keys.Contains("testIdx") || keys.Contains("gradingResult{}")))
            yield return (ResultFormats.Promptfoo, Lines(PromptfooReader.Lines));
        if (keys.Contains("scenarioName") && keys.Contains("evaluationResult{}"))
            yield return (ResultFormats.ExtensionsAI, Lines(ExtensionsAIReader.Lines));
        if (keys.Contains("scenarioRunResults[]"))
            yield return (ResultFormats.ExtensionsAI, Single(ExtensionsAIReader.Document));
        var run = keys.Contains("result_counts{}") && keys.Contains("status");
        if (keys.Contains("object") && (run || keys.Contains("data[]")))
            yield return (ResultFormats.OpenAIEvals, Single(OpenAIEvalsReader.Document));
    }

    private static Func<Stream, CaseCollector> Single(Func<JsonStream, CaseCollector> read) =>
        stream =>
        {
            var json = new JsonStream(stream);
            json.Require();
            var cases = read(json);
            // Two documents in one file: which of them is the result?
            if (json.Read())
                throw ResultsException.Unreadable("the file goes on after the end of its JSON");
            return cases;
        };

    private static Func<Stream, CaseCollector> Lines(Func<JsonStream, CaseCollector> read) =>
        stream =>
        {
            var json = new JsonStream(stream, lines: true);
            json.Require();
            return read(json);
        };
}
