using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using AgentReadiness.EvalRunner.Grading;

namespace AgentReadiness.EvalRunner.Cases;

/// <summary>Reads the cases: JSON Lines or YAML, strict, because a case that is misread is a measurement that nobody asked for.</summary>
internal static class CasesFile
{
    private static readonly JsonDocumentOptions Strict = new() { MaxDepth = 64, AllowDuplicateProperties = false };

    /// <summary>SHA-256 of a file's bytes, in hex.</summary>
    public static string Digest(ReadOnlySpan<byte> file) => Convert.ToHexStringLower(SHA256.HashData(file));

    /// <summary>Whether a file of this name is YAML.</summary>
    public static bool IsYaml(string name) => Path.GetExtension(name).ToUpperInvariant() is ".YAML" or ".YML";

    /// <summary>Reads JSON Lines.</summary>
    /// <exception cref="CasesException">A line is not a case, or there is none.</exception>
    public static Task<IReadOnlyList<EvalCase>> ReadAsync(ReadOnlyMemory<byte> file, CancellationToken cancellationToken) =>
        ReadAsync(file, yaml: false, new CaseContext(new RefusalRule()), cancellationToken);

    /// <summary>Reads a file.</summary>
    /// <exception cref="CasesException">A case is none that can be run, or there is none.</exception>
    public static async Task<IReadOnlyList<EvalCase>> ReadAsync(
        ReadOnlyMemory<byte> file,
        bool yaml,
        CaseContext context,
        CancellationToken cancellationToken
    )
    {
        string text;
        try
        {
            text = new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(file.Span).TrimStart('\uFEFF');
        }
        catch (DecoderFallbackException)
        {
            throw new CasesException("the cases file is not UTF-8");
        }
        var word = yaml ? "case" : "line";
        var cases = new List<EvalCase>();
        var places = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var (number, json) in yaml ? YamlCases.Read(text) : Lines(text))
        {
            try
            {
                var found = await CaseAsync(json, word, context, cancellationToken);
                if (!places.TryAdd(found.Id, number))
                    throw new FormatException(JsonFields.Text($"id: \"{found.Id}\" is already the id of {word} {places[found.Id]}"));
                cases.Add(found);
            }
            catch (FormatException exception)
            {
                throw new CasesException(JsonFields.Text($"{word} {number}: {exception.Message}"));
            }
        }
        return cases.Count > 0 ? cases : throw new CasesException("the cases file has no cases");
    }

    private static IEnumerable<(int Number, string Json)> Lines(string text) =>
        text.Split('\n').Select((line, index) => (index + 1, line)).Where(one => !string.IsNullOrWhiteSpace(one.line));

    private static async Task<EvalCase> CaseAsync(string json, string word, CaseContext context, CancellationToken cancellationToken)
    {
        JsonDocument document;
        try
        {
            document = JsonDocument.Parse(json, Strict);
        }
        catch (JsonException exception)
        {
            throw new FormatException(
                JsonFields.Text($"is not a JSON object without repeated members (byte {exception.BytePositionInLine ?? 0})")
            );
        }
        catch (InvalidOperationException exception)
        {
            // Names are compared while it is read.
            throw new FormatException("a name is not valid Unicode", exception);
        }
        using (document)
        {
            JsonFields.RequireObject(document.RootElement, $"the {word}");
            return await new CaseReader(context).ReadAsync(document.RootElement, cancellationToken);
        }
    }
}
