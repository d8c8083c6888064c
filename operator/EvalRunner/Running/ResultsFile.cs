using System.Buffers;
using System.Globalization;
using System.Text.Json;
using AgentReadiness.Evals;

namespace AgentReadiness.EvalRunner.Running;

/// <summary>The results of a run as native JSON Lines.</summary>
internal static class ResultsFile
{
    /// <summary>A line for every repeat of every case.</summary>
    public static byte[] Text(IReadOnlyList<CaseResult> results) => Lines(results.Count, null, results);

    /// <summary>What a run was: its results, or only why there are none that count.</summary>
    public static byte[] Text(RunResult run) => run.Error is { } error ? Failed(error) : Text(run.Results);

    /// <summary>A run that could not be made.</summary>
    public static byte[] Failed(string error) => Lines(0, error, []);

    /// <summary>Writes a file in one step: who reads it finds all of it or nothing.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    public static void Write(string path, byte[] text)
    {
        var whole = Path.GetFullPath(path);
        var part = Path.Combine(Path.GetDirectoryName(whole) ?? "/", $".{Path.GetFileName(whole)}.part");
        File.WriteAllBytes(part, text);
        File.Move(part, whole, overwrite: true);
    }

    private static byte[] Lines(int count, string? error, IReadOnlyList<CaseResult> results)
    {
        var text = new ArrayBufferWriter<byte>();
        using var json = new Utf8JsonWriter(text);
        void Line(Action write)
        {
            json.WriteStartObject();
            write();
            json.WriteEndObject();
            json.Flush();
            json.Reset();
            text.Write("\n"u8);
        }
        Line(() =>
        {
            json.WriteString("format", ResultsLog.NativeFormat);
            json.WriteNumber("cases", count);
            if (error is not null)
                json.WriteString("error", error);
        });
        foreach (var result in results)
            Line(() => WriteResult(json, result));
        return text.WrittenSpan.ToArray();
    }

    private static void WriteResult(Utf8JsonWriter json, CaseResult result)
    {
        json.WriteString("id", result.Case.Id);
        json.WriteNumber("repeat", result.Repeat);
        if (result.Outcome == Outcome.Errored)
            json.WriteString("error", result.Reason);
        else
        {
            json.WriteNumber("score", result.Score);
            json.WriteBoolean("passed", result.Outcome == Outcome.Passed);
        }
        if (result.Case.Weight != 1)
            json.WriteNumber("weight", result.Case.Weight);
        if (result.Case.Tags.Count > 0)
        {
            json.WriteStartArray("tags");
            foreach (var tag in result.Case.Tags)
                json.WriteStringValue(tag);
            json.WriteEndArray();
        }
        if (result.Faults.Count > 0)
        {
            json.WriteStartArray("faults");
            foreach (var fault in result.Faults)
                json.WriteStringValue(fault);
            json.WriteEndArray();
        }
        if (result.Cost is { } cost)
            json.WriteString("cost", cost.ToString(CultureInfo.InvariantCulture));
        if (result.Fallbacks is { } fallbacks)
            json.WriteNumber("fallbacks", fallbacks);
        if (result.Latency is { } latency)
            json.WriteNumber("latency", (decimal)latency.Ticks / TimeSpan.TicksPerSecond);
    }
}
