using YamlDotNet.Core;
using YamlDotNet.Core.Tokens;

namespace AgentReadiness.Cli.Reading;

/// <summary>
/// A scanner that ends. After some faults the scanner of the library gives the same token again and again, and a loop over its tokens would
/// not end; no sound text has more tokens than this one allows.
/// </summary>
/// <param name="text">The YAML.</param>
internal sealed class BoundedScanner(string text) : IScanner
{
    // A character ends at most a few tokens: a dash begins a list and an entry, and the end of the text
    // ends all that is open.
    private const int StepsPerCharacter = 8;

    private readonly Scanner scanner = new(new StringReader(text), skipComments: true);
    private long left = ((long)text.Length * StepsPerCharacter) + 64;

    /// <inheritdoc />
    public Mark CurrentPosition => scanner.CurrentPosition;

    /// <inheritdoc />
    public Token? Current => scanner.Current;

    /// <inheritdoc />
    public bool MoveNext()
    {
        Count();
        return scanner.MoveNext();
    }

    /// <inheritdoc />
    public bool MoveNextWithoutConsuming()
    {
        Count();
        return scanner.MoveNextWithoutConsuming();
    }

    /// <inheritdoc />
    public void ConsumeCurrent() => scanner.ConsumeCurrent();

    private void Count()
    {
        if (--left < 0)
            throw new SyntaxErrorException(scanner.CurrentPosition, scanner.CurrentPosition, "this is not YAML");
    }
}
