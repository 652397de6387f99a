// Ask a server with clients for OMDb and TMDB from npm, and print what they made of it as JSON.
const imdb = require("imdb-api");
const { MovieDb } = require("moviedb-promise");

async function main(url, key) {
  const omdb = new imdb.Client({ apiKey: key, baseURL: `${url}/omdb/` });
  const film = await omdb.get({ id: "tt0000003" });
  const found = await omdb.search({ name: "godfather" });
  let missing = "";
  try {
    await omdb.get({ id: "tt9999999" });
  } catch (error) {
    missing = error.message;
  }
  const tmdb = new MovieDb(key, `${url}/3/`);
  const info = await tmdb.movieInfo({ id: 3, append_to_response: "credits" });
  const searched = await tmdb.searchMovie({ query: "godfather" });
  const discovered = await tmdb.discoverMovie({ with_genres: "80", sort_by: "revenue.desc" });
  const byImdb = await tmdb.find({ id: "tt0000003", external_source: "imdb_id" });
  console.log(JSON.stringify({
    omdb: { title: film.title, year: film.year, rating: film.rating, runtime: film.runtime, ratings: film.ratings,
            search: found.results.map((each) => each.title), total: found.totalresults, missing },
    tmdb: { title: info.title, runtime: info.runtime, cast: info.credits.cast.map((each) => each.name),
            search: searched.results.map((each) => each.title), discover: discovered.results.map((each) => each.title),
            find: byImdb.movie_results.map((each) => each.id) },
  }));
}

main(process.argv[2], process.argv[3]).catch((error) => {
  console.error(error);
  process.exit(1);
});
